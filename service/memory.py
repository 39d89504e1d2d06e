"""Memory that this process has freed, given back to the system."""

import ctypes

# Only glibc has it, and only glibc keeps so much.
_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)


def trim_memory() -> None:
    """Give back what is free, also between what is not.

    glibc gives back by itself only what lies at the end of its heap: ten predictions of
    10,000 instances leave 20 MB of it free and unusable to others, and a flood of them
    as much as the worker had before.
    """
    if _trim is not None:
        _trim(0)
