"""A file tried by a process of its own, since a damaged one may end what loads it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from service.model.errors import NetworkLoadError

ROOT = Path(__file__).resolve().parents[3]  # of the checkout, or of what is installed

# Far more than a large network takes for two rows; a damaged one may take for ever.
MAX_SECONDS = 60


def try_file(module: str, content: bytes) -> None:
    """Let a process run a module on a file. Raises NetworkLoadError if that ends it.

    What it raises is of no interest here: who loads the file next will raise it, too.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, our own module
            [sys.executable, "-P", "-m", module],
            input=content,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NetworkLoadError(
            f"The file is damaged: a process that tried it had not ended after"
            f" {MAX_SECONDS} seconds."
        ) from None
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise NetworkLoadError(
            f"The file is damaged: a process that tried it was ended by {name}."
        )
