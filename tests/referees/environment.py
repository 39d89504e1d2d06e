"""The environment of the referees, made once from their pinned requirements."""

import subprocess
import sys
from pathlib import Path

from pipelines import ROOT


def prepare_environment(name: str = "referees") -> Path:
    """Return the folder of its programs; install what is not installed already.

    Those of a folder of tests/ with a lock, `referees` or `engines`.
    """
    requirements = ROOT / "tests" / name / "requirements.txt"
    folder = ROOT / "build" / name
    programs = folder / "bin"
    stamp, wanted = folder / "installed.txt", requirements.read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        uv = str(Path(sys.executable).parent / "uv")
        make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable]
        subprocess.run([*make, str(folder)], check=True)
        install = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python"]
        subprocess.run(
            [*install, str(programs / "python"), str(requirements)], check=True
        )
        stamp.write_text(wanted)
    return programs
