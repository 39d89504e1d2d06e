"""The owner's code that travels in an artefact: modules, and files that they read."""

import importlib.metadata
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from service.model.artefact.code import is_taken
from service.model.artefact.placeholders import PLOTTING
from service.model.errors import PackagingError
from service.model.packaging.data_files import read_data_files
from service.model.packaging.imports import Import, find_imports, parse_source
from service.model.packaging.modules import (
    SourceModule,
    find_modules,
    find_spec,
    list_package,
)

CodeItem = str | Path | ModuleType


def find_distributions() -> Mapping[str, list[str]]:
    """Return what is installed, by top-level module."""
    folders = filter(Path.exists, map(Path, sys.path))
    return _find_at(tuple((each, each.stat().st_mtime_ns) for each in folders))


@lru_cache(maxsize=1)
def _find_at(_: object) -> Mapping[str, list[str]]:
    """Find it, again once a folder has changed: it takes a third of a second."""
    return importlib.metadata.packages_distributions()


@dataclass
class TravellingCode:
    """The modules by name, and files beside them by their place in the artefact.

    `imported` has the libraries that they import, by the name of their module; `added`
    the modules that were not named in code= and travel too.
    """

    modules: dict[str, SourceModule] = field(default_factory=dict)
    data: dict[str, bytes] = field(default_factory=dict)
    imported: set[str] = field(default_factory=set)
    added: list[str] = field(default_factory=list)
    # By top-level module.
    distributions: Mapping[str, list[str]] = field(default_factory=find_distributions)

    @property
    def files(self) -> dict[str, bytes]:
        """What is written to the artefact, by its place there."""
        sources = {module.place: module.content for module in self.modules.values()}
        return self.data | sources


def collect_code(code: CodeItem | Iterable[CodeItem]) -> TravellingCode:
    """Return the modules that code= names, with what they import beside them.

    Raises PackagingError, naming the line that asks for what cannot travel.
    """
    items: Any = [code] if isinstance(code, str | Path | ModuleType) else code
    if not isinstance(items, Iterable):
        raise PackagingError("code= must list modules, their names or their paths.")
    collector = _Collector()
    for item in items:
        modules = find_modules(item)
        collector.named.add(modules[0].name)
        collector.take(modules)
    collector.follow_imports()
    return collector.code


class _Collector:
    """Takes modules along, and then what these import."""

    def __init__(self) -> None:
        self.code = TravellingCode()
        self.named: set[str] = set()
        self._left: list[SourceModule] = []

    def take(self, modules: Sequence[SourceModule]) -> None:
        for module in modules:
            if module.name not in self.code.modules:
                self.code.modules[module.name] = module
                self._left.append(module)

    def follow_imports(self) -> None:
        """Take along what the modules import and read, and what these do.

        A module that was not imported here had no part in any answer.
        """
        while self._left:
            module = self._left.pop()
            if module.name in sys.modules or module.name in self.named:
                tree = parse_source(module.content, module.name)
                for found in find_imports(tree, module.package):
                    self._follow(module, found)
                self.code.data |= read_data_files(module, tree)

    def _follow(self, module: SourceModule, found: Import) -> None:
        root = found.module.partition(".")[0]
        if is_taken(root):
            return
        if root not in self.code.modules:
            if root in self.code.distributions:
                self.code.imported.add(root)
                return
            self._take_beside(module, found, root)
        for name in (found.module, *found.full_parts):
            if root in self.code.modules and name not in self.code.modules:
                spec = find_spec(name)
                if spec is not None and str(spec.origin).endswith(".py"):
                    self.take(list_package(name, spec, below=False))

    def _take_beside(self, module: SourceModule, found: Import, root: str) -> None:
        """Take along a module that is not installed, and not named in code=."""
        spec = find_spec(root) or _find_beside(module, root)
        if spec is None and found.is_optional:
            return
        try:
            modules = list_package(root, spec)
        except PackagingError as error:
            raise PackagingError(
                f"The module {module.name!r} imports {root!r} in line {found.line},"
                f" which is not installed and cannot travel: {error}"
            ) from None
        self.code.added.append(root)
        self.take(modules)


def _find_beside(module: SourceModule, name: str) -> ModuleSpec | None:
    """Return a module in the folder that another one is imported from."""
    return PathFinder.find_spec(name, [str(module.root)]) if module.root else None


def find_libraries(
    modules: Iterable[str], code: TravellingCode, left_out: Iterable[str] = ()
) -> list[str]:
    """Return the distributions that a pipeline and its modules import, sorted.

    `modules` are those that the pickled pipeline refers to. Raises PackagingError for
    one that is neither installed nor travels.
    """
    wanted = find_referred(modules, code) | code.imported.difference(left_out)
    for name in sorted(wanted):
        if name not in code.distributions:
            raise PackagingError(
                f"The pipeline uses the module {name!r}, which is not installed:"
                " name it in code=, and it travels along."
            )
    return sorted({code.distributions[name][0] for name in wanted})


def find_plotting(modules: Iterable[str], code: TravellingCode) -> tuple[str, ...]:
    """Return the plotting libraries that are imported by travelling modules alone."""
    return tuple(sorted(code.imported & PLOTTING - find_referred(modules, code)))


def find_root(module: str) -> str:
    """Return the package that a module is in, whatever name it is imported by.

    Until scikit-learn 1.9 pickles called `sklearn._loss._loss` by its last name.
    """
    known = getattr(sys.modules.get(module), "__name__", module)
    return known.partition(".")[0]


def find_referred(modules: Iterable[str], code: TravellingCode) -> set[str]:
    """Return the libraries that a pickle itself refers to, by their modules."""
    roots = {find_root(name) for name in modules}
    own = {name.partition(".")[0] for name in code.modules}
    return {name for name in roots - own if not is_taken(name)}
