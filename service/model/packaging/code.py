"""The modules that travel in an artefact, found at packaging."""

import ast
import importlib.metadata
import importlib.util
import io
import pickle
from collections.abc import Iterable, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from service.model.artefact.code import TAKEN, is_taken
from service.model.errors import PackagingError, describe_error
from service.regular_file import read_regular


def collect_sources(code: Iterable[str | ModuleType]) -> dict[str, bytes]:
    """Return the sources of the named modules; of a package, all modules below it.

    Raises PackagingError for a name that is no module written in Python, or that
    would hide one of the standard library's or the service's own.
    """
    if isinstance(code, str) or not isinstance(code, Iterable):
        raise PackagingError("code= must list modules, or their names.")
    sources: dict[str, bytes] = {}
    for item in code:
        name = item.__name__ if isinstance(item, ModuleType) else item
        if not isinstance(name, str):
            raise PackagingError(f"code= cannot take {item!r}, which is no module.")
        if is_taken(name):
            raise PackagingError(f"code= cannot take {name!r}: that name is taken.")
        spec = _find_spec(name)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            raise PackagingError(f"code= names {name!r}, which is no Python module.")
        origin = Path(spec.origin)
        is_package = spec.submodule_search_locations is not None
        for path in sorted(origin.parent.rglob("*.py")) if is_package else [origin]:
            parts = path.relative_to(origin.parent).with_suffix("").parts
            dotted = ".".join([name, *parts]).removesuffix(".__init__")
            module = dotted if is_package else name
            sources[module] = _read(path, module)
    return sources


def _read(path: Path, name: str) -> bytes:
    try:
        return read_regular(path)
    except OSError as error:
        raise PackagingError(
            f"The module {name!r} cannot be read: {error.strerror}."
        ) from None


def _find_spec(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):  # a parent that is none
        return None


def find_libraries(pipeline: Any, sources: Mapping[str, bytes]) -> list[str]:
    """Return the distributions that a pipeline and its modules import, sorted.

    Raises PackagingError for a module that is neither installed nor in code=.
    """
    recorder = _ModuleRecorder(io.BytesIO(), protocol=5)
    try:
        recorder.dump(pipeline)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise PackagingError(
            f"The pipeline cannot be pickled ({error}): put its functions and classes"
            " into a module and name that in code=."
        ) from None
    wanted = {name.partition(".")[0] for name in recorder.modules - sources.keys()}
    for name, source in sources.items():
        wanted |= _find_imports(source, name)
    wanted -= {name.partition(".")[0] for name in sources}
    wanted -= TAKEN - {"__main__"}  # of the training script nothing is installed
    distributions = importlib.metadata.packages_distributions()
    for name in sorted(wanted):
        if name not in distributions:
            raise PackagingError(
                f"The pipeline uses the module {name!r}, which is not installed:"
                " put what it uses into a module of its own and name that in code=."
            )
    return sorted({distributions[name][0] for name in wanted})


class _ModuleRecorder(pickle.Pickler):
    """Notes the module of every class and function it meets."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.modules: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        module = getattr(obj, "__module__", None) or type(obj).__module__
        self.modules.add(str(module))
        return NotImplemented


def _find_imports(source: bytes, name: str) -> set[str]:
    found: set[str] = set()
    try:
        tree = ast.parse(source, filename=name)
    except (SyntaxError, ValueError) as error:
        raise PackagingError(
            f"The module {name!r} cannot be read: {describe_error(error)}."
        ) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found
