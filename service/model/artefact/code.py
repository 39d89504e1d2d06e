"""The modules that travel in an artefact, imported where it is served.

They are imported from the very bytes whose digests were checked, by a finder that
knows their names alone, so that nothing else becomes importable with them.
"""

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

from service.model.errors import PipelineLoadError
from service.regular_file import read_regular

# Python's own, imported yet or not, and the service's. A module of such a name would be
# found in place of it, also by whatever else imports that later.
TAKEN = {*sys.stdlib_module_names, *sys.builtin_module_names, "service", "__main__"}


def is_taken(name: str) -> bool:
    """Return True if no module may travel under a name, or below it."""
    return name.partition(".")[0] in TAKEN


class ModuleFinder(MetaPathFinder, InspectLoader):
    """Imports modules from their sources, by dotted name."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self.sources = sources

    def find_spec(
        self, fullname: str, path: object, target: object = None
    ) -> ModuleSpec | None:
        """Return a spec for the names that the artefact lists, and no others."""
        if fullname not in self.sources:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def is_package(self, fullname: str) -> bool:
        """Return True if modules travel below this one."""
        return any(name.startswith(f"{fullname}.") for name in self.sources)

    def get_source(self, fullname: str) -> str:
        """Return the source, which tracebacks quote too."""
        return importlib.util.decode_source(self.sources[fullname])

    def get_code(self, fullname: str) -> CodeType:
        """Return the code, whose tracebacks name the file in the artefact."""
        path = to_path(fullname, list(self.sources))
        return self.source_to_code(self.sources[fullname], path)


def install_modules(sources: Mapping[str, bytes]) -> None:
    """Make the modules of an artefact importable in this process.

    Raises PipelineLoadError where a name is taken, or another module of that name is
    already imported: unpickling would use it in silence.
    """
    for name, source in sources.items():
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
    if sources:
        sys.meta_path.insert(0, ModuleFinder(sources))


def _read_source(module: ModuleType) -> bytes | None:
    loader = getattr(module, "__loader__", None)
    if isinstance(loader, ModuleFinder):
        return loader.sources[module.__name__]
    path = getattr(module, "__file__", None)
    return read_regular(Path(path)) if path else None


def to_path(name: str, names: Sequence[str]) -> str:
    """Return where a module lies in the artefact."""
    is_package = any(other.startswith(f"{name}.") for other in names)
    stem = name.replace(".", "/")
    return f"code/{stem}/__init__.py" if is_package else f"code/{stem}.py"
