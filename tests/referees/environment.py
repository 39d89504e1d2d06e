"""The environment of the referees, made once from their pinned requirements."""

import subprocess
import sys
from pathlib import Path

from pipelines import ROOT

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
FOLDER = ROOT / "build/referees"


def prepare_environment() -> Path:
    """Return the folder of its programs; install what is not installed already."""
    programs = FOLDER / "bin"
    stamp, wanted = FOLDER / "installed.txt", REQUIREMENTS.read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        uv = str(Path(sys.executable).parent / "uv")
        make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable]
        subprocess.run([*make, str(FOLDER)], check=True)
        install = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python"]
        subprocess.run(
            [*install, str(programs / "python"), str(REQUIREMENTS)], check=True
        )
        stamp.write_text(wanted)
    return programs
