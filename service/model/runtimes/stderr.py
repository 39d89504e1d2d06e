"""What libraries write by themselves, whatever level they are told to log from."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silencing_stderr() -> Iterator[None]:
    """Hide what is written to the process's standard error."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
