"""deploy/kubernetes: its schema, its security, and that it agrees with the service."""

import copy
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from manifests import (
    FOLDER,
    Json,
    Manifests,
    find_templates,
    iterate_kustomizations,
    name_manifests,
    render_manifests,
)
from pipelines import CREDIT, ROOT
from pod_security import find_violations

from service.model.artefact.folder import read_artefact
from service.server.body_budget import ROOM_BYTES
from service.settings import Settings, variables

NAME = "model-service"

# The first in which a preStop may sleep without a feature gate, and the newest known.
VERSIONS = ("1.30", "1.37")

# What the image is tested with: tests/container.
HARDENED_BYTES = 512 * 2**20


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that they are in."""
    return tmp_path_factory.mktemp("kubernetes") / "rendered.yaml"


@pytest.fixture(scope="module")
def manifests(rendered: Path) -> Manifests:
    """The manifests by kind and name."""
    return name_manifests(render_manifests(rendered))


@pytest.fixture
def pod(manifests: Manifests) -> Json:
    """The pod of the service."""
    return dict(manifests[f"Deployment/{NAME}"]["spec"]["template"]["spec"])


@pytest.fixture
def container(pod: Json) -> Json:
    """Its only container."""
    [container] = pod["containers"]
    return dict(container)


@pytest.fixture
def environment(manifests: Manifests, container: Json) -> dict[str, str]:
    """The variables that the service is given."""
    [source] = container["envFrom"]
    config = manifests["ConfigMap/settings"]
    assert source["configMapRef"]["name"] == config["metadata"]["name"]
    return dict(config["data"])


def find_labels(manifests: Manifests, name: str) -> Json:
    labels = manifests[f"Deployment/{name}"]["spec"]["template"]["metadata"]["labels"]
    return dict(labels)


def test_no_file_is_left_out() -> None:
    used = set()
    for path in iterate_kustomizations():
        kustomization = yaml.safe_load(path.read_text())
        patches = (p["path"] for p in kustomization.get("patches", ()) if "path" in p)
        generated = kustomization.get("configMapGenerator", ())
        names = (
            *kustomization.get("resources", ()),
            *(env for each in generated for env in each["envs"]),
            *patches,
        )
        used |= {path, *((path.parent / name).resolve() for name in names)}
    assert {path for path in FOLDER.rglob("*") if path.is_file()} <= used


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_keeps_its_schema(
    rendered: Path, manifests: Manifests, version: str
) -> None:
    command = [sys.executable, "-m", "kubernetes_validate", "--strict", "-k", version]
    done = subprocess.run(
        [*command, rendered], capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    # That of the Prometheus operator is not Kubernetes' own.
    unknown = [line for line in lines if " passed " not in line]
    assert len(lines) == len(manifests), done.stderr
    assert [re.findall(r"kind (\w+)", line) for line in unknown] == [["ServiceMonitor"]]
    assert done.returncode == 0


def test_every_pod_is_restricted(manifests: Manifests) -> None:
    pods = [each["spec"] for each in find_templates(manifests).values()]
    assert len(pods) == 2
    for pod in pods:
        assert find_violations(pod) == []
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
    labels = manifests[f"Namespace/{NAME}"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("hostNetwork", True),
        ("hostPID", True),
        ("volumes.0", {"name": "root", "hostPath": {"path": "/"}}),
        ("securityContext.runAsNonRoot", False),
        ("securityContext.runAsUser", 0),
        ("securityContext.seccompProfile.type", "Unconfined"),
        ("securityContext.seccompProfile", None),
        ("securityContext.sysctls", [{"name": "kernel.msgmax"}]),
        ("containers.0.securityContext", None),
        ("containers.0.securityContext.allowPrivilegeEscalation", None),
        ("containers.0.securityContext.capabilities.drop", ["KILL"]),
        ("containers.0.securityContext.capabilities.add", ["SYS_ADMIN"]),
        ("containers.0.securityContext.privileged", True),
        ("containers.0.securityContext.procMount", "Unmasked"),
        ("containers.0.securityContext.seLinuxOptions", {"user": "root"}),
        ("containers.0.ports.0.hostPort", 8000),
        ("containers.0.livenessProbe.httpGet.host", "169.254.169.254"),
    ],
)
def test_a_pod_that_is_not_restricted_is_found_out(
    pod: Json, path: str, value: Any
) -> None:
    """None takes away what is there."""
    assert find_violations(pod) == []
    changed: Any = copy.deepcopy(pod)
    place = changed
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    assert find_violations(changed)


def test_every_variable_is_a_setting_and_no_service_adds_any(
    manifests: Manifests, pod: Json, environment: dict[str, str]
) -> None:
    assert environment.keys() <= variables().keys()
    settings = Settings.from_environment(environment)
    for each in find_templates(manifests).values():
        assert each["spec"]["enableServiceLinks"] is False
    [secret] = [v for v in pod["volumes"] if "secret" in v]
    [container] = pod["containers"]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    # A file that is mounted by itself, by `subPath`, would never change.
    assert mounts[secret["name"]].keys() == {"name", "mountPath", "readOnly"}
    folder = Path(mounts[secret["name"]]["mountPath"])
    assert settings.api_keys_file == folder / "api-keys.json"
    commands = (ROOT / "docs/deployment.md").read_text()
    assert f"{secret['secret']['secretName']} --from-file=api-keys.json\n" in commands


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_a_probe_asks_what_is_there_without_a_key(
    container: Json, app: Flask, environment: dict[str, str], probe: str
) -> None:
    asked = container[probe]["httpGet"]
    assert app.test_client().get(asked["path"]).status_code == 200
    assert asked["path"] == (
        "/health/ready" if probe == "readinessProbe" else "/health/live"
    )
    [port] = container["ports"]
    assert asked["port"] == port["name"]
    assert port["containerPort"] == Settings.from_environment(environment).port


def test_a_pod_is_given_the_time_that_it_takes_to_stop(
    pod: Json,
    container: Json,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    gunicorn = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    until_sigterm = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed = until_sigterm + gunicorn["graceful_timeout"]
    assert needed < pod["terminationGracePeriodSeconds"] < 2 * needed
    # The lists of pods have changed before a new connection would be refused.
    assert until_sigterm + Settings.from_environment(environment).lame_duck_seconds > 5


def test_each_worker_has_a_processor_and_the_memory_that_it_may_use(
    container: Json,
) -> None:
    limits = container["resources"]["limits"]
    assert container["resources"]["requests"] == limits
    workers = int(limits["cpu"])
    assert workers >= 2  # which are the least
    mebibytes = int(limits["memory"].removesuffix("Mi"))
    assert mebibytes * 2**20 >= HARDENED_BYTES + workers * ROOM_BYTES


def test_the_image_is_that_of_the_example(pod: Json, container: Json) -> None:
    manifest = read_artefact(CREDIT).manifest
    assert container["image"] == f"{manifest.name}:{manifest.version}"
    [user] = re.findall(r"^USER (.*)", (ROOT / "Dockerfile").read_text(), re.M)
    context = pod["securityContext"]
    assert user == f"{context['runAsUser']}:{context['runAsGroup']}"


def test_what_selects_finds_and_what_names_a_port_has_it(
    manifests: Manifests, container: Json, environment: dict[str, str]
) -> None:
    labels = find_labels(manifests, NAME)
    selector = manifests[f"Deployment/{NAME}"]["spec"]["selector"]["matchLabels"]
    assert selector.items() < labels.items()
    service = manifests[f"Service/{NAME}"]
    [port] = service["spec"]["ports"]
    assert service["spec"]["selector"] == selector
    assert port["targetPort"] == container["ports"][0]["name"]

    monitor = manifests[f"ServiceMonitor/{NAME}"]["spec"]
    wanted = monitor["selector"]["matchLabels"]
    assert wanted.items() <= service["metadata"]["labels"].items()
    [endpoint] = monitor["endpoints"]
    assert endpoint["port"] == port["name"]

    budget = manifests[f"PodDisruptionBudget/{NAME}"]["spec"]
    assert budget["selector"]["matchLabels"] == selector
    scaled = manifests[f"HorizontalPodAutoscaler/{NAME}"]["spec"]
    assert scaled["scaleTargetRef"]["name"] == NAME
    assert scaled["minReplicas"] > budget["maxUnavailable"]

    redis = manifests["Service/redis"]
    assert redis["spec"]["selector"] == find_labels(manifests, "redis")
    [redis_port] = redis["spec"]["ports"]
    assert environment["SERVICE_RATE_LIMIT_STORAGE"] == (
        f"redis://redis:{redis_port['port']}/0"
    )


def test_only_those_call_whom_the_policies_name(manifests: Manifests) -> None:
    for name, ports in ((NAME, ["http"]), ("redis", ["redis"])):
        policy = manifests[f"NetworkPolicy/{name}"]["spec"]
        labels = find_labels(manifests, name)
        assert policy["podSelector"]["matchLabels"].items() <= labels.items()
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        [ingress] = policy["ingress"]
        assert [port["port"] for port in ingress["ports"]] == ports
    assert "egress" not in manifests["NetworkPolicy/redis"]["spec"]


def test_prometheus_asks_for_the_metrics_with_a_key(
    manifests: Manifests, app: Flask, keys: dict[str, str]
) -> None:
    [endpoint] = manifests[f"ServiceMonitor/{NAME}"]["spec"]["endpoints"]
    client = app.test_client()
    assert client.get(endpoint["path"]).status_code == 401
    bearer = {"Authorization": f"Bearer {keys['metrics']}"}
    assert client.get(endpoint["path"], headers=bearer).status_code == 200
    credentials = endpoint["authorization"]["credentials"]
    commands = (ROOT / "docs/deployment.md").read_text()
    assert f"{credentials['name']} --from-file={credentials['key']}\n" in commands
