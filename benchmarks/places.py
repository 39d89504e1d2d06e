"""Where things are."""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE = ROOT / "benchmarks"
BUILD = ROOT / "build" / "bench"
BIN = Path(sys.executable).parent
ARTEFACTS = BUILD / "artefacts"
CREDIT = ARTEFACTS / "credit-risk" / "1.0.0"


def copy_credit_artefact() -> None:
    """Copy the credit model, which may be trained anew while a run goes on."""
    shutil.rmtree(CREDIT, ignore_errors=True)
    shutil.copytree(ROOT / "artefacts" / "credit-risk" / "1.0.0", CREDIT)
