"""Memory that this process has freed, given back to the system.

By itself glibc keeps much of it: of two workers with 108 MB, rounds of predictions of
10,000 instances left 160, 173 and 178 MB, with one heap 136 after each. What is above
108 then is mostly Python's own allocator's: without that it is 122 to 128.
"""

import ctypes

_LIBRARY = ctypes.CDLL(None)

# Of mallopt(3); only glibc has either.
_ARENA_MAX = -8
_mallopt = getattr(_LIBRARY, "mallopt", None)
_trim = getattr(_LIBRARY, "malloc_trim", None)


def use_one_heap() -> None:
    """Let all threads share a heap: one of their own would keep what a thread freed.

    It is for the start, before there are threads. They hold the interpreter where they
    allocate, so they do not wait for one another.
    """
    if _mallopt is not None:
        _mallopt(_ARENA_MAX, 1)


def trim_memory() -> None:
    """Give back what is free, also between what is not."""
    if _trim is not None:
        _trim(0)
