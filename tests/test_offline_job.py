"""deploy/kubernetes/offline: its schema, its security, and that it can be run."""

import subprocess
import sys
from pathlib import Path

import pytest
from manifests import FOLDER, Json, Manifests, name_manifests, render_manifests
from pod_security import find_violations

from service.cli.main import build_parser
from service.cli.score import INDEX

VERSION = "1.37"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the manifests are in."""
    return tmp_path_factory.mktemp("offline") / "rendered.yaml"


@pytest.fixture(scope="module")
def manifests(rendered: Path) -> Manifests:
    return name_manifests(render_manifests(rendered, FOLDER / "offline"))


@pytest.fixture(scope="module")
def job(manifests: Manifests) -> Json:
    return dict(manifests["Job/score"]["spec"])


def test_every_manifest_keeps_its_schema(manifests: Manifests, rendered: Path) -> None:
    command = [sys.executable, "-m", "kubernetes_validate", "--strict", "-k", VERSION]
    done = subprocess.run(
        [*command, rendered], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(manifests)


def test_the_pod_is_restricted_and_without_a_network(
    manifests: Manifests, job: Json
) -> None:
    template = job["template"]
    assert find_violations(template["spec"]) == []
    assert template["spec"]["containers"][0]["securityContext"][
        "readOnlyRootFilesystem"
    ]
    policy = manifests["NetworkPolicy/score"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["podSelector"]["matchLabels"] == template["metadata"]["labels"]
    assert policy.keys() == {"policyTypes", "podSelector"}


def test_its_pods_score_all_shards(job: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INDEX, "3")
    [container] = job["template"]["spec"]["containers"]
    python, module, service, *arguments = container["args"]
    assert (python, module, service) == ("python", "-m", "service")
    options = build_parser().parse_args(arguments)
    assert job["completionMode"] == "Indexed"
    assert options.shard == (3, job["completions"])
    assert options.resume
    [mount] = container["volumeMounts"]
    assert all(each.startswith(mount["mountPath"]) for each in options.inputs)
    assert options.out.is_relative_to(mount["mountPath"])


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (1, 0), (2, 1), (137, 1)])
def test_rejected_rows_are_no_failure_of_a_pod(code: int, ends: int, job: Json) -> None:
    [container] = job["template"]["spec"]["containers"]
    command = [*container["command"], "sh", "-c", f"exit {code}"]
    assert subprocess.run(command, check=False).returncode == ends
