"""The fitted pipeline as a pickle, and what that refers to.

What a notebook or a script defines can be imported nowhere else, so cloudpickle puts
its code into the pickle. That is read by the minor version of Python that wrote it,
and the manifest holds every start to it.
"""

import functools
import io
import pickle
import sys
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import cloudpickle
import joblib

from service.model.errors import PackagingError
from service.model.packaging.bytecode import list_imports, read_globals
from service.model.packaging.unpicklable import explain_fault
from service.model.runtimes.network_file import NetworkFile, leaving_networks_out

SCRIPT = ("__main__", "__mp_main__")

# A function of a script behind functools.lru_cache, which is pickled by name alone.
CACHED = type(functools.lru_cache(len))

# cloudpickle returns as many values for a class or a function that it writes by value,
# the last of them the function that sets its state; for all else it returns fewer.
BY_VALUE = 6


class PickledPipeline(NamedTuple):
    """The bytes, the modules that they import, and what they hold by value.

    `embedded` names classes and functions, and the globals that these read. `networks`
    are those that it refers to by digest.
    """

    content: bytes
    modules: frozenset[str]
    embedded: tuple[str, ...]
    networks: tuple[NetworkFile, ...] = ()


def pickle_pipeline(pipeline: Any) -> PickledPipeline:
    """Pickle a pipeline. Raises PackagingError, naming what cannot be pickled."""
    recorder = _Recorder()
    with leaving_networks_out() as networks:
        try:
            recorder.dump(pipeline)
        except Exception as error:  # noqa: BLE001 - an object may raise anything here
            sentence = explain_fault(pipeline, error, _is_picklable)
            raise PackagingError(sentence) from None
        content = recorder.file.getvalue()
        if not recorder.embedded:
            content = _dump_arrays(pipeline) or content
    return PickledPipeline(
        content,
        recorder.list_modules(),
        recorder.list_embedded(),
        tuple(networks.values()),
    )


def _dump_arrays(pipeline: Any) -> bytes | None:
    """Return what joblib writes, or None where only cloudpickle can write it."""
    buffer = io.BytesIO()
    try:
        joblib.dump(pipeline, buffer)
    except Exception:  # noqa: BLE001 - cloudpickle has written all of it
        return None
    return buffer.getvalue()


def _is_picklable(part: Any) -> bool:
    try:
        _Recorder().dump(part)
    except Exception:  # noqa: BLE001 - whatever it is, it cannot
        return False
    return True


class _Recorder(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles, and notes the modules referred to and what is written by value."""

    def __init__(self) -> None:
        self.file = io.BytesIO()
        super().__init__(self.file, protocol=5)
        self.modules: dict[tuple[int, str], Any] = {}
        self.embedded: dict[int, Any] = {}

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, io.TextIOWrapper) and obj not in (sys.stdout, sys.stderr):
            raise pickle.PicklingError("an open file does not travel")
        if isinstance(obj, CACHED) and obj.__module__ in SCRIPT:
            return functools.lru_cache, (obj.__wrapped__,)
        reduced = super().reducer_override(obj)
        if isinstance(reduced, tuple) and len(reduced) == BY_VALUE:
            self.embedded[id(obj)] = obj
            _refuse_folder(obj)
        elif isinstance(obj, ModuleType):
            self.modules[id(obj), obj.__name__] = obj
        else:
            part = obj if isinstance(obj, type | FunctionType) else type(obj)
            module = getattr(obj, "__module__", None) or type(obj).__module__
            self.modules[id(part), str(module)] = part
            self._note_output(part, obj)
        return reduced

    def _note_output(self, part: Any, obj: Any) -> None:
        """Note the library of the tables that `set_output` lets a transformer give."""
        config = getattr(obj, "__dict__", {}).get("_sklearn_output_config", {})
        if (library := config.get("transform", "default")) != "default":
            self.modules[id(part), library] = part

    def list_modules(self) -> frozenset[str]:
        """Return the modules referred to, also by the code that is embedded."""
        named = {name for place, name in self.modules if place not in self.embedded}
        for function in self._list_functions():
            named |= list_imports(function)
        return frozenset(named.difference(SCRIPT))

    def list_embedded(self) -> tuple[str, ...]:
        """Return the dotted names of what was written by value, sorted."""
        # What a class or a function holds, or Python made for it, goes without saying.
        holders = tuple(f"{each.__qualname__}." for each in self.embedded.values())
        named = {
            f"{each.__module__}.{each.__qualname__}"
            for each in self.embedded.values()
            if not each.__qualname__.startswith(holders)
            and not each.__name__.startswith("__")
        }
        for function in self._list_functions():
            named |= {
                f"{function.__module__}.{name}"
                for name, value in read_globals(function).items()
                if not callable(value) and not isinstance(value, ModuleType)
            }
        return tuple(sorted(named))

    def _list_functions(self) -> list[FunctionType]:
        return [e for e in self.embedded.values() if isinstance(e, FunctionType)]


def _refuse_folder(part: Any) -> None:
    """Raise PicklingError for a function that reads what lies beside its script."""
    if isinstance(part, FunctionType) and "__file__" in read_globals(part):
        raise pickle.PicklingError(
            f"{part.__qualname__!r} reads files beside __file__, which do not travel"
            " with a script: put it into a module, and name that in code="
        )
