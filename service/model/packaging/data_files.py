"""The files that a module reads beside itself, as its source says.

Which these are is guessed: every file whose path beside the module is made of texts in
its source. A fresh process proves the guess, for there the module finds no others.
"""

import ast
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from service.model.artefact.code import FOLDER
from service.model.packaging.imports import find_imports
from service.model.packaging.modules import SourceModule, read_file

# Libraries that read the files of a package by its name, without its `__file__`.
READERS = ("importlib.resources", "importlib_resources", "pkgutil")

SOURCES = (".py", ".pyc")


def read_data_files(module: SourceModule, tree: ast.Module) -> dict[str, bytes]:
    """Return the files that a module reads, by their place in the artefact."""
    patterns = _find_patterns(tree) if _reads_files(tree) else set()
    if not patterns or module.path is None or module.root is None:
        return {}
    found: dict[str, bytes] = {}
    for folder in module.path.parents:
        for path in _iterate_matching(folder, patterns):
            place = path.relative_to(module.root).as_posix()
            found[f"{FOLDER}/{place}"] = read_file(path, module.name)
        if folder == module.root:
            break
    return found


def _reads_files(tree: ast.Module) -> bool:
    """Return True if a module names its own file, or a library that finds such."""
    if any(isinstance(n, ast.Name) and n.id == "__file__" for n in ast.walk(tree)):
        return True
    imports = find_imports(tree, "")
    names = {name for each in imports for name in (each.module, *each.full_parts)}
    return not names.isdisjoint(READERS)


def _find_patterns(tree: ast.Module) -> set[str]:
    """Return the texts of a module as patterns of the parts of a path."""
    texts = [text for node in ast.walk(tree) for text in _read_text(node)]
    parts = {part for text in texts for part in text.split("/")}
    return {part for part in parts if any(map(str.isalnum, part))}


def _read_text(node: ast.AST) -> Iterator[str]:
    """Yield a constant text, or a formatted one with a star for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "*"
            for part in node.values
        )


def _iterate_matching(folder: Path, patterns: Collection[str]) -> Iterator[Path]:
    """Yield the files below a folder all of whose path's parts match a pattern.

    None is hidden: `.env` holds secrets.
    """
    for path in sorted(folder.iterdir()):
        is_named = any(fnmatchcase(path.name, pattern) for pattern in patterns)
        if not is_named or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _iterate_matching(path, patterns)
        elif path.suffix not in SOURCES:
            yield path
