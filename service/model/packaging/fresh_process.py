"""A version proved in a process that shares nothing with the training script.

That process runs this module on the folder of the version. It exits with 0, and its
last line is {"reproduced": 35}, the number of golden records.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from sklearn import get_config

from service.model.artefact.folder import read_artefact
from service.model.errors import ArtefactError, PackagingError
from service.model.loading import load_predictor

ROOT = Path(__file__).resolve().parents[3]  # of the checkout, or of what is installed


def check_afresh(folder: Path) -> None:
    """Prove a version in a fresh process. Raises PackagingError with its output."""
    checked = subprocess.run(  # noqa: S603 - our own interpreter, our own module
        [sys.executable, "-P", "-m", __name__, str(folder.resolve())],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    # A module that ends the process while it is imported ends it with 0, too.
    if checked.returncode or not _has_reproduced(checked.stdout):
        raise PackagingError(
            f"The version does not serve in a fresh process{_explain_settings()}:\n"
            + (checked.stdout + checked.stderr).strip()
        )


def _explain_settings() -> str:
    """Return what of this process may be missed there."""
    output = get_config()["transform_output"]
    if output == "default":
        return ""
    return (
        ", which knows nothing of sklearn.set_config(transform_output=...); call"
        f" pipeline.set_output(transform={output!r}) instead, and fit it again"
    )


def _has_reproduced(printed: str) -> bool:
    try:
        return bool(json.loads(printed.splitlines()[-1])["reproduced"])
    except (IndexError, ValueError, LookupError, TypeError):
        return False


def main() -> None:
    """Load and prove the version in the folder that is the only argument."""
    [folder] = sys.argv[1:]
    try:
        predictor = load_predictor(read_artefact(Path(folder)))
        predictor.prove()
    except (ArtefactError, OSError) as error:
        raise SystemExit(f"FAIL  {error}") from None
    print(json.dumps({"reproduced": len(predictor.golden.records)}))


if __name__ == "__main__":
    main()
