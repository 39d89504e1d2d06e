"""What the code of a function imports, and which globals it reads."""

import dis
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any


def list_imports(function: FunctionType) -> set[str]:
    """Return the modules that a function imports when it is called."""
    instructions = _iterate_instructions(function.__code__)
    return {str(i.argval) for i in instructions if i.opname == "IMPORT_NAME"}


def read_globals(function: FunctionType) -> dict[str, Any]:
    """Return the globals that a function reads, by name."""
    instructions = _iterate_instructions(function.__code__)
    names = [i.argval for i in instructions if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    known = function.__globals__
    return {name: known[name] for name in names if name in known}


def _iterate_instructions(code: CodeType) -> Iterator[dis.Instruction]:
    """Yield the instructions of a function and of all that is defined in it."""
    yield from dis.get_instructions(code)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _iterate_instructions(constant)
