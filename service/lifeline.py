"""A pipe whose other end is a server's: who holds this one ends with that server."""

import fcntl
import os
import signal


def end_with(alive: int) -> None:
    """Have the kernel end this process with its server, whatever it is doing then.

    A pipe whose other end is closed signals it: fcntl(2), F_SETSIG.
    """
    fcntl.fcntl(alive, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(alive, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(alive, fcntl.F_GETFL)
    fcntl.fcntl(alive, fcntl.F_SETFL, flags | os.O_ASYNC)
