"""Return freed memory to the system, of which glibc keeps much, or keep all of it.

After three rounds of predictions of 10,000 instances two workers of 108 MB had 160, 173
and 178 MB, and with one heap 136 after each. Most of the rest is kept by Python's own
allocator: without that it is 122 to 128.
"""

import ctypes

_LIBRARY = ctypes.CDLL(None)

# Of mallopt(3); only glibc has either.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_mallopt = getattr(_LIBRARY, "mallopt", None)
_trim = getattr(_LIBRARY, "malloc_trim", None)


def use_one_heap() -> None:
    """Let all threads share one heap: a heap for each would keep what its thread freed.

    To be called before threads start. They hold the interpreter when they allocate, so
    they do not wait for one another.
    """
    if _mallopt is not None:
        _mallopt(_ARENA_MAX, 1)


def keep_memory() -> None:
    """Keep freed memory, up to 256 MB, where arrays of megabytes come again and again.

    The system clears what it gives: that took a fifth of the time of scoring a piece.
    """
    if _mallopt is not None:
        _mallopt(_MMAP_THRESHOLD, 32 * 2**20)  # the most that glibc takes
        _mallopt(_TRIM_THRESHOLD, 256 * 2**20)


def trim_memory() -> None:
    """Return all free memory, also that between blocks in use."""
    if _trim is not None:
        _trim(0)
