"""The pod of deploy/kubernetes: it runs as restricted as it says, and drains."""

import json
import time
from collections.abc import Iterator

import pytest
from containers import PATIENCE_SECONDS, build, require_engine, run_docker
from manifests import render_manifests
from pipelines import CREDIT
from pod import DEPLOYMENT, NAME, Pod, require_podman

pytestmark = pytest.mark.container

GOLDEN = json.loads((CREDIT / "golden.json").read_text())["records"]


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    require_engine()
    require_podman()
    folder = tmp_path_factory.mktemp("pod")
    manifests = render_manifests(folder / "rendered.yaml")
    image = build(CREDIT, f"localhost/{DEPLOYMENT}:pod")
    pod = Pod(manifests, image, folder)
    try:
        pod.start()
        yield pod
    finally:
        pod.remove()
        run_docker("rmi", "--force", image)


STATUS = "grep -E 'CapBnd|NoNewPrivs|Seccomp:' /proc/self/status"


def test_the_pod_is_as_restricted_as_it_says(pod: Pod) -> None:
    assert pod.execute("id -u; id -g") == ["10001", "10001"]
    assert pod.execute("touch /x || touch /app/x || echo no") == ["no"]
    assert pod.execute("touch /tmp/x && echo yes") == ["yes"]
    status = [line.split()[1] for line in pod.execute(STATUS)]
    assert status == ["0000000000000000", "1", "2"]
    host = pod.inspect()["HostConfig"]
    assert f"{host['CpuQuota'] / host['CpuPeriod']:.0f}" == pod.limits["cpu"]
    assert f"{host['Memory'] / 2**20:.0f}Mi" == pod.limits["memory"]


def test_the_pod_answers_without_redis_and_drains(pod: Pod) -> None:
    body = {"instances": [record["instance"] for record in GOLDEN]}
    with pod.connect() as client:
        answer = client.post("/v1/predict", json=body)
        assert answer.json()["predictions"] == [r["prediction"] for r in GOLDEN]
        workers = pod.run("logs", NAME).count("Booting worker")
        assert str(workers) == pod.limits["cpu"]
        # What workers share lies in the pod's own memory.
        shared = pod.execute("ls /dev/shm")
        assert {name.rsplit(".", 1)[1] for name in shared} == {"limits", "server"}

        stopping = pod.stop()
        end = time.monotonic() + PATIENCE_SECONDS
        while client.get("/health/ready").status_code == 200:
            assert time.monotonic() < end
        assert client.post("/v1/predict", json=body).status_code == 200
    assert stopping.wait(PATIENCE_SECONDS) == 0
    assert pod.inspect()["State"]["ExitCode"] == 0
