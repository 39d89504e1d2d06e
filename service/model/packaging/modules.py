"""A module of the owner's on the disk, found by name, by path, or as it is imported."""

import importlib.util
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from service.model.artefact.code import FOLDER, is_taken
from service.model.errors import PackagingError
from service.regular_file import read_regular


class SourceModule(NamedTuple):
    """A module and its source; of a package, that of its `__init__.py`, if any."""

    name: str
    content: bytes
    path: Path | None
    is_package: bool

    @property
    def place(self) -> str:
        """Where it lies in the artefact."""
        stem = f"{FOLDER}/{self.name.replace('.', '/')}"
        return f"{stem}/__init__.py" if self.is_package else f"{stem}.py"

    @property
    def package(self) -> str:
        """The package to which its imports may be relative."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @property
    def root(self) -> Path | None:
        """The folder that its top-level package, or itself, is imported from."""
        if self.path is None:
            return None
        return self.path.parents[self.name.count(".") + self.is_package]


def find_modules(item: Any) -> list[SourceModule]:
    """Return the module that an item of code= names, its parents and all below it.

    Raises PackagingError for a name that is no module written in Python, or that would
    hide one of the standard library's or the service's own.
    """
    if isinstance(item, ModuleType):
        return list_package(item.__name__, _read_spec(item))
    if isinstance(item, Path) or (isinstance(item, str) and _is_path(item)):
        return list_package(*_find_by_path(Path(item)))
    if not isinstance(item, str):
        raise PackagingError(f"code= cannot take {item!r}, which is no module.")
    return list_package(item, find_spec(item))


def _is_path(item: str) -> bool:
    return item.endswith(".py") or "/" in item


def _find_by_path(path: Path) -> tuple[str, ModuleSpec | None]:
    """Return the module in a file or a folder, and the name it is imported by."""
    if path.name == "__init__.py":
        path = path.parent
    source = path / "__init__.py" if path.is_dir() else path
    if not source.is_file():
        raise PackagingError(f"code= names {str(path)!r}, which is no Python module.")
    source = source.resolve()
    for name, module in list(sys.modules.items()):
        if name != "__main__" and _lies_at(module, source):
            return name, _read_spec(module)
    package = source.parent
    parts = [] if path.is_dir() else [source.stem]
    while (package / "__init__.py").is_file():
        package, parts = package.parent, [package.name, *parts]
    below = [str(source.parent)] if path.is_dir() else None
    name = ".".join(parts)
    return name, importlib.util.spec_from_file_location(
        name, source, submodule_search_locations=below
    )


def _lies_at(module: ModuleType, source: Path) -> bool:
    path = Path(getattr(module, "__file__", None) or "")
    return path.name == source.name and path.resolve() == source


def _read_spec(module: ModuleType) -> ModuleSpec | None:
    """Return where a module was imported from."""
    if module.__spec__ is not None:
        return module.__spec__
    path = getattr(module, "__file__", None)
    return importlib.util.spec_from_file_location(module.__name__, path)


def find_spec(name: str) -> ModuleSpec | None:
    """Return where a module would be imported from, or None."""
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):  # a parent that is none
        return None


def list_package(
    name: str, spec: ModuleSpec | None, *, below: bool = True
) -> list[SourceModule]:
    """Return a module, its parents, and all modules below it. Raises PackagingError."""
    modules = [_read_module(name, spec)]
    parts = name.split(".")
    for count in range(1, len(parts)):
        parent = ".".join(parts[:count])
        modules.append(_read_module(parent, find_spec(parent)))
    if below and spec is not None:
        for folder in spec.submodule_search_locations or ():
            modules += _iterate_below(name, Path(folder))
    return modules


def _iterate_below(package: str, folder: Path) -> Iterator[SourceModule]:
    """Yield the modules below a package; a folder without `__init__.py` is one, too."""
    for path in sorted(folder.iterdir()):
        if path.name == "__init__.py":
            continue
        name = f"{package}.{path.stem}"
        if path.is_dir() and path.name.isidentifier():
            source = path / "__init__.py"
            below = list(_iterate_below(name, path))
            if source.exists():
                content = read_file(source, name)
                yield SourceModule(name, content, source, is_package=True)
            elif below:
                yield SourceModule(name, b"", None, is_package=True)
            yield from below
        elif path.suffix == ".py" and path.stem.isidentifier():
            content = read_file(path, name)
            yield SourceModule(name, content, path, is_package=False)


def _read_module(name: str, spec: ModuleSpec | None) -> SourceModule:
    if is_taken(name):
        raise PackagingError(
            f"code= cannot take {name!r}: that name is taken by Python or the service."
        )
    if spec is None:
        raise PackagingError(f"code= names {name!r}, which is no Python module.")
    is_package = spec.submodule_search_locations is not None
    if is_package and spec.origin is None:  # a folder without __init__.py
        return SourceModule(name, b"", None, is_package=True)
    if not str(spec.origin).endswith(".py"):
        raise PackagingError(
            f"code= names {name!r}, which is no Python module but {spec.origin}:"
            " install it where the version is served."
        )
    path = Path(str(spec.origin))
    return SourceModule(name, read_file(path, name), path, is_package)


def read_file(path: Path, name: str) -> bytes:
    """Read a file of a module. Raises PackagingError."""
    try:
        return read_regular(path)
    except OSError as error:
        raise PackagingError(
            f"The module {name!r} cannot be read: {error.strerror}."
        ) from None
