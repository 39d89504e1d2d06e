"""The modules that travel in an artefact, imported where it is served.

They are imported from the very bytes whose digests were checked, by a finder that
knows their names alone, so that nothing else becomes importable with them. Each has the
`__file__` that it has in the artefact, beside which lie the files that it reads.
"""

import sys
from collections.abc import Collection, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from service.model.artefact.placeholders import bind_placeholders
from service.model.errors import PipelineLoadError
from service.regular_file import read_regular

# Python's own, imported yet or not, and the service's. A module of such a name would be
# found in place of it, also by whatever else imports that later.
TAKEN = {*sys.stdlib_module_names, *sys.builtin_module_names, "service", "__main__"}

FOLDER = "code"


def is_taken(name: str) -> bool:
    """Return True if no module may travel under a name, or below it."""
    return name.partition(".")[0] in TAKEN


def find_path(name: str, files: Collection[str]) -> str:
    """Return where a module lies in the artefact, as a package if it is one."""
    stem = f"{FOLDER}/{name.replace('.', '/')}"
    as_package = f"{stem}/__init__.py"
    return as_package if as_package in files else f"{stem}.py"


class ModuleLoader(SourceFileLoader):
    """Loads a module from verified bytes, and reads no cache of compiled ones."""

    def __init__(
        self, name: str, path: str, content: bytes, left_out: Sequence[str]
    ) -> None:
        super().__init__(name, path)
        self.content = content
        self._left_out = left_out

    def get_data(self, path: str) -> bytes:
        """Return the source, or a file that lies beside it."""
        return self.content if path == self.path else super().get_data(path)

    def get_code(self, fullname: str) -> CodeType:
        """Return the code, whose tracebacks name the file in the artefact."""
        code: CodeType = self.source_to_code(self.content, self.path)
        return code

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, with placeholders for the libraries that were left out."""
        bind_placeholders(module, self._left_out)
        super().exec_module(module)


class ModuleFinder(MetaPathFinder):
    """Finds the modules of an artefact, by dotted name."""

    def __init__(self, loaders: Mapping[str, ModuleLoader]) -> None:
        self.loaders = loaders

    def find_spec(
        self, fullname: str, path: object, target: object = None
    ) -> ModuleSpec | None:
        """Return a spec for the names that the artefact lists, and no others."""
        loader = self.loaders.get(fullname)
        if loader is None:
            return None
        # Nothing is found below a package but what the artefact lists.
        below: Any = [] if loader.is_package(fullname) else None
        return spec_from_file_location(
            fullname, loader.path, loader=loader, submodule_search_locations=below
        )


def install_modules(
    folder: Path,
    names: Sequence[str],
    files: Mapping[str, bytes],
    left_out: Sequence[str] = (),
) -> None:
    """Make the modules of an artefact importable in this process.

    Raises PipelineLoadError where a name is taken, or another module of that name is
    already imported: unpickling would use it in silence.
    """
    loaders = {}
    for name in names:
        path = find_path(name, files)
        _refuse_name(name, files[path])
        loaders[name] = ModuleLoader(name, str(folder / path), files[path], left_out)
    if loaders:
        sys.meta_path.insert(0, ModuleFinder(loaders))


def _refuse_name(name: str, source: bytes) -> None:
    if is_taken(name):
        raise PipelineLoadError(
            f"The artefact's module {name!r} bears the name of one of Python's or"
            " the service's own: rename it, and package a new version."
        )
    module = sys.modules.get(name)
    if module is not None and _read_source(module) != source:
        raise PipelineLoadError(
            f"Another module {name!r} is already imported: load the artefact in a"
            " process of its own."
        )


def _read_source(module: ModuleType) -> bytes | None:
    loader = getattr(module, "__loader__", None)
    if isinstance(loader, ModuleLoader):
        return loader.content
    path = getattr(module, "__file__", None)
    if path is None and hasattr(module, "__path__"):
        return b""  # a package without __init__.py travels with an empty one
    return read_regular(Path(path)) if path else None
