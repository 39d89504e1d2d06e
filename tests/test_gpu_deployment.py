"""deploy/compose.gpu.yaml and deploy/kubernetes/gpu ask for a device, and use it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from manifests import FOLDER, Json, find_templates, name_manifests, render_manifests
from pipelines import ROOT
from pod_security import find_violations
from stack import REPLICAS

from service.settings import Settings

KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [base]
components: [gpu]
"""


def read_services(name: str) -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load(
        (ROOT / "deploy" / name).read_text()
    )["services"]
    return services


def test_each_replica_of_compose_asks_for_a_device() -> None:
    below = read_services("compose.yaml")
    replicas = read_services("compose.gpu.yaml")
    assert set(REPLICAS) <= set(replicas) <= set(below)
    for name, replica in replicas.items():
        environment = below[name]["environment"] | replica["environment"]
        settings = Settings.from_environment(
            {k: str(v) for k, v in environment.items()}
        )
        assert settings.device == "cuda"
        [device] = replica["deploy"]["resources"]["reservations"]["devices"]
        assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """The pod of the service in Kubernetes, with the component."""
    folder = tmp_path_factory.mktemp("gpu")
    for name in ("base", "gpu"):
        shutil.copytree(FOLDER / name, folder / name)
    (folder / "kustomization.yaml").write_text(KUSTOMIZATION)
    manifests = name_manifests(render_manifests(Path(folder / "rendered"), folder))
    spec: Json = find_templates(manifests)["Deployment/model-service"]["spec"]
    assert find_violations(spec) == []
    return spec


def test_the_pod_asks_for_a_device_that_its_node_keeps_for_such(pod: Json) -> None:
    [container] = pod["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert container["resources"]["limits"] == container["resources"]["requests"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert Settings.from_environment(environment).device == "cuda"
    [toleration] = pod["tolerations"]
    assert toleration["key"] == "nvidia.com/gpu"
