"""The manifests of deploy/kubernetes, as a cluster is given them."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipelines import ROOT

FOLDER = ROOT / "deploy/kubernetes"

# Whatever is applied by itself.
OVERLAYS = tuple(
    f"overlays/{name}"
    for name in ("canary", "argo", "blue-green/blue", "blue-green/green")
)

Json = dict[str, Any]
Manifests = dict[str, Json]


def render_manifests(path: Path, folder: Path = FOLDER) -> list[Json]:
    """Write them into a file, and return them; skips where kubectl is missing."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed, which renders the manifests")
    with path.open("w") as file:
        subprocess.run(["kubectl", "kustomize", folder], stdout=file, check=True)
    return list(yaml.safe_load_all(path.read_text()))


def name_manifests(manifests: list[Json]) -> Manifests:
    """Return manifests by kind and name, without the digest of what is generated."""
    return {f"{each['kind']}/{find_name(each)}": each for each in manifests}


def find_name(manifest: Json) -> str:
    name = str(manifest["metadata"]["name"])
    return name.rsplit("-", 1)[0] if manifest["kind"] == "ConfigMap" else name


def find_templates(manifests: Mapping[str, Json]) -> dict[str, Json]:
    """Return the pods that there are, as they are made."""
    found = {}
    for name, manifest in manifests.items():
        if manifest["kind"] == "Deployment":
            found[name] = manifest["spec"]["template"]
        if manifest["kind"] == "CronJob":
            found[name] = manifest["spec"]["jobTemplate"]["spec"]["template"]
    return found


def iterate_kustomizations() -> Iterator[Path]:
    return FOLDER.rglob("kustomization.yaml")
