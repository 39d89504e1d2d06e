"""The part of a pipeline that cannot be pickled, and who holds it."""

import functools
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import Any

from service.model.errors import describe_error
from service.model.packaging.bytecode import read_globals


def explain_fault(
    pipeline: Any, error: Exception, is_picklable: Callable[[Any], bool]
) -> str:
    """Return the sentence for a pipeline that cannot be pickled, naming the part."""
    where, part = f"it is {type(pipeline).__name__}", pipeline
    seen = {id(pipeline)}
    while found := _find_within(part, seen, is_picklable):
        where, part = found[0] or where, found[1]
        seen.add(id(part))
    kind = type(part)
    return (
        f"The pipeline cannot travel: {where}, of the type {kind.__module__}."
        f"{kind.__qualname__}, which cannot be pickled ({describe_error(error)}). Make"
        " or open that within the function that uses it, or keep what was read from it."
    )


def _find_within(
    part: Any, seen: set[int], is_picklable: Callable[[Any], bool]
) -> tuple[str, Any] | None:
    """Return the first thing within a part that cannot be pickled, and its place."""
    for where, inner in _iterate_parts(part):
        if id(inner) not in seen and not is_picklable(inner):
            return where, inner
    return None


def _iterate_parts(part: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an object holds, with its place where that has a name."""
    if isinstance(part, FunctionType):
        read = {**read_globals(part), **_read_closure(part)}
        for key, value in read.items():
            yield f"the function {part.__qualname__!r} reads {key!r}", value
        yield from _iterate_nameless([part.__defaults__, part.__kwdefaults__])
    elif isinstance(part, list | tuple | set | frozenset):
        yield from _iterate_nameless(part)
    elif isinstance(part, dict):
        yield from _iterate_nameless(part.values())
    elif isinstance(part, functools.partial):
        yield from _iterate_nameless([part.func, part.args, part.keywords])
    elif isinstance(part, MethodType):
        yield from _iterate_nameless([part.__func__, part.__self__])
    elif isinstance(part, staticmethod | classmethod):
        yield "", part.__func__
    elif isinstance(part, property):
        yield "", part.fget
    else:
        yield from _iterate_attributes(part)


def _iterate_nameless(values: Any) -> Iterator[tuple[str, Any]]:
    return (("", value) for value in values)


def _iterate_attributes(part: Any) -> Iterator[tuple[str, Any]]:
    kind = part if isinstance(part, type) else type(part)
    for key, value in dict(getattr(part, "__dict__", {})).items():
        if kind is not part or not key.startswith("__"):
            yield f"{kind.__name__} holds {key!r}", value
    if kind is not part:
        yield "", kind


def _read_closure(function: FunctionType) -> dict[str, Any]:
    """Return the variables of an enclosing function, by name."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    # One that was deleted, or that is not set yet, has no contents.
    held = [(name, cell) for name, cell in cells if not repr(cell).endswith("empty>")]
    return {name: cell.cell_contents for name, cell in held}
