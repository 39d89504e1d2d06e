"""Where things are."""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE = ROOT / "benchmarks"
BUILD = ROOT / "build" / "bench"
LOG = BUILD / "server.log"
BIN = Path(sys.executable).parent
ARTEFACTS = BUILD / "artefacts"
CREDIT = ARTEFACTS / "credit-risk" / "1.0.0"


def prepare_build() -> None:
    """Begin a new log, and copy the credit model: it may be trained anew meanwhile."""
    BUILD.mkdir(parents=True, exist_ok=True)
    LOG.unlink(missing_ok=True)
    shutil.rmtree(CREDIT, ignore_errors=True)
    shutil.copytree(ROOT / "artefacts" / "credit-risk" / "1.0.0", CREDIT)
