"""The manifests of deploy/kubernetes, as a cluster is given them."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipelines import ROOT

FOLDER = ROOT / "deploy/kubernetes"

Json = dict[str, Any]


def render_manifests(path: Path) -> list[Json]:
    """Write them into a file, and return them; skips where kubectl is missing."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed, which renders the manifests")
    with path.open("w") as file:
        subprocess.run(["kubectl", "kustomize", FOLDER], stdout=file, check=True)
    return list(yaml.safe_load_all(path.read_text()))
