"""A real nginx mirrors to a second version, and the logs of both are paired by ids."""

import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from balancer import TEMPORARY, Nginx
from canaries import make_shifted
from conftest import Serve
from pipelines import FITTED, ROOT
from server import PATIENCE_SECONDS, UNLIMITED, Server
from wine_versions import release

from service.cli.main import main

REQUESTS = 60

CONFIGURATION = """
worker_processes 1;
events {{ worker_connections 256; }}
http {{ access_log off; {folders} {mirror} }}
"""


class Mirror(Nginx):
    """nginx as the manual has it mirror to a second version."""

    def _write_configuration(self, ports: Sequence[int]) -> str:
        manual = (ROOT / "docs/updates.md").read_text()
        [text] = re.findall(r"^```nginx\n(.*?)^```", manual, re.M | re.S)
        places = ("10.0.0.5:8000", "10.0.0.7:8000")
        addresses = (f"127.0.0.1:{port}" for port in ports)
        changes = dict(zip(places, addresses, strict=True))
        for old, new in {**changes, "8080;": f"127.0.0.1:{self.port};"}.items():
            assert old in text, old
            text = text.replace(old, new)
        folders = " ".join(f"{n}_temp_path {self._folder / n};" for n in TEMPORARY)
        return CONFIGURATION.format(folders=folders, mirror=text)


@pytest.fixture
def versions(serve: Serve, tmp_path: Path) -> dict[str, Server]:
    """A stable version, and one that is fitted wrongly and takes less."""
    wine = FITTED["wine"]()
    faulty = release(
        make_shifted(wine),
        tmp_path,
        "1.1.0",
        features={"alcohol": {"minimum": 13.0}},
    )
    folders = {"stable": release(wine, tmp_path, "1.0.0"), "canary": faulty}
    found: dict[str, Server] = {}
    for name, folder in folders.items():
        (tmp_path / name).mkdir()
        variables = {
            **UNLIMITED,
            "SERVICE_PREDICTION_LOG": str(tmp_path / name / "predictions.jsonl"),
        }
        if found:
            variables["SERVICE_API_KEYS_FILE"] = str(found["stable"].keys_file)
        found[name] = serve(folder, **variables)
    return found


@pytest.fixture
def mirror(versions: dict[str, Server], tmp_path: Path) -> Iterator[Mirror]:
    folder = tmp_path / "nginx"
    folder.mkdir()
    nginx = Mirror(folder, versions["stable"].key)
    nginx.start([int(each.url.rsplit(":", 1)[1]) for each in versions.values()])
    yield nginx
    nginx.stop()


def wait_until_answered(server: Server, requests: int) -> None:
    """Wait until so many requests are in the log: a copy is answered to nobody."""
    end = time.monotonic() + PATIENCE_SECONDS
    while sum(e.get("route") == "/v1/predict" for e in server.events) < requests:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_a_mirror_sends_to_both_versions_is_compared(
    versions: dict[str, Server],
    mirror: Mirror,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Ids are the callers' own, or nginx's; stdout has what the canary refuses."""
    instances = FITTED["wine"]().X.to_dict("records")
    refused = 0
    with mirror.connect() as client:
        for number in range(REQUESTS):
            instance = instances[number * 2]
            refused += instance["alcohol"] < 13
            headers = {"X-Request-ID": f"order-{number}"} if number % 2 else {}
            body = {"instances": [instance]}
            answer = client.post("/v1/predict", json=body, headers=headers)
            assert answer.json()["model"]["version"] == "1.0.0"
            if headers:
                assert answer.headers["X-Request-ID"] == f"order-{number}"
    versions["stable"].predict([instances[0]])  # past the mirror
    wait_until_answered(versions["canary"], REQUESTS)
    for server in versions.values():
        assert server.stop() == 0
    stdout = tmp_path / "stdout.jsonl"
    stdout.write_text("".join(versions["canary"].lines))
    logs = [*map(str, tmp_path.glob("*/predictions.*.jsonl")), str(stdout)]
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        main(
            [
                "pairs",
                "1.0.0",
                "1.1.0",
                "--max-changed",
                "0.1",
                "--json",
                "--log",
                *logs,
            ]
        )
    found = json.loads(capsys.readouterr().out)
    assert end.value.code == 1
    assert found["requests"] == {
        **{"paired": REQUESTS, "old_alone": 1, "new_alone": 0},
        **{"repeated": 0, "other_instances": 0},
    }
    assert found["refused"] == {"old": 0, "new": refused}
    assert 0 < refused < REQUESTS
    assert found["labels_changed"] > refused
