"""deploy/rollout in a real stack: versions come and go, and no caller notices."""

import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from canaries import CANARY, STABLE, Callers, list_instances, release
from containers import build, require_engine, run_docker
from pipelines import ROOT
from stack import PROJECT, Stack
from wine_versions import TOLERANCE

from rolling.docker import PROFILE
from rolling.stack import COLOURS
from service.cli.image import list_labels
from service.model.artefact.folder import verify_artefact

pytestmark = pytest.mark.container

QUICKLY = ("--every", "1", "--stage", "120", *TOLERANCE)

Images = Callable[[str], str]


class Operator:
    """Whoever rolls out, with a state of its own."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self._state = folder

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command."""
        script = str(ROOT / "deploy/rollout")
        return subprocess.Popen(
            # Of a shell's background jobs SIGINT is ignored, and so by what they start.
            [
                *("env", "--default-signal=INT", sys.executable, script),
                *("--state", str(self._state), *arguments),
            ],
            env=self.stack.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run the command, and return what it prints; a fault is one sentence."""
        started = self.start(*arguments)
        told, fault = started.communicate()
        assert started.returncode == code, told + fault
        assert not fault or re.fullmatch(r"FAIL  [^\n]+\n", fault), fault
        return told + fault

    def read_journal(self) -> list[dict[str, Any]]:
        """Return its lines."""
        path = self._state / "journal.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def ask_versions(self, requests: int = 40, **headers: str) -> Counter[str]:
        """Count the versions that answer, over one connection."""
        [instance, *_] = list_instances()
        with self.stack.connect() as client:
            answers = [
                client.post(
                    "/v1/predict", json={"instances": [instance]}, headers=headers
                )
                for _ in range(requests)
            ]
        return Counter(answer.headers["X-Model-Version"] for answer in answers)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    """Build the image of a kind of the wine model, once."""
    require_engine()
    built: dict[str, str] = {}

    def get(kind: str) -> str:
        if kind not in built:
            folder = tmp_path_factory.mktemp(kind)
            tag = f"{PROJECT}:{kind}"
            if kind == "stable":
                built[kind] = build(release("good", folder, STABLE), tag)
            else:
                built[kind] = build_from(get("stable"), release(kind, folder), tag)
        return built[kind]

    yield get
    if built:
        run_docker("rmi", "--force", *built.values())


def build_from(image: str, artefact: Path, tag: str) -> str:
    """Put another version into an image: of a whole build, it takes a tenth."""
    dockerfile = f"FROM {image}\nCOPY --from=artefact --chmod=0755 / /model\n"
    labels = list_labels(verify_artefact(artefact), "unknown", 0)
    run_docker(
        *("build", "--quiet", "--tag", tag, "--build-context", f"artefact={artefact}"),
        *(f"--label={name}={value}" for name, value in labels.items()),
        "-",
        given=dockerfile.encode(),
    )
    return tag


@pytest.fixture(scope="module")
def operator(
    images: Images, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """The stack, with one who rolls out."""
    stack = Stack(images("stable"), tmp_path_factory.mktemp("stack"))
    try:
        stack.start()
        yield Operator(stack, tmp_path_factory.mktemp("state"))
    finally:
        stack.remove()


@pytest.fixture
def callers(operator: Operator) -> Iterator[Callers]:
    """Callers that are there all the time."""
    with Callers(operator.stack) as callers:
        callers.wait_for(100)
        yield callers


@pytest.mark.parametrize(
    ("fault", "figure"),
    [
        ("slow", "latency"),
        ("shifted", "labels"),
        ("failing", "errors"),
        ("swapped", "labels"),
    ],
)
def test_a_faulty_canary_is_rolled_back(
    fault: str, figure: str, operator: Operator, images: Images, callers: Callers
) -> None:
    # What is met in the first of the usual stages, and what a half shows soon.
    weights = () if fault == "failing" else ("--weights", "50")
    told = operator.run(images(fault), *weights, *QUICKLY, code=1)
    assert operator.ask_versions() == {STABLE: 40}
    # One that fails for good may do so from its first request on.
    assert any(version == CANARY for version, _ in callers.counts)
    assert callers.of_stable == [], told
    last = operator.read_journal()[-1]
    worse = {each["figure"] for each in last["reasons"] if each["finding"] == "worse"}
    assert figure in worse
    assert (last["event"], last["verdict"]) == ("rolled back", "roll back")


def test_what_is_refused_changes_nothing(operator: Operator, images: Images) -> None:
    def change_image(instruction: str) -> str:
        changed.append(tag := f"{PROJECT}:changed-{len(changed)}")
        dockerfile = f"FROM {images('good')}\n{instruction}\n"
        run_docker("build", "--quiet", "--tag", tag, "-", given=dockerfile.encode())
        return tag

    changed: list[str] = []
    before = operator.run("--status")
    for image, reason in (
        ("localhost:1/none:1", "There is no image localhost:1/none:1"),
        ("model-service-test:redis", "is no image of this service"),
        (images("stable"), "is stable already"),
        (change_image('LABEL model.name="beer"'), "is of the model beer"),
        (change_image(f'LABEL model.version="{STABLE}"'), "has the same version"),
    ):
        assert reason in operator.run(image, code=2)
    assert "no version before" in operator.run("--back", code=2)
    assert operator.run("--status").splitlines()[0] == before.splitlines()[0]

    broken = change_image("ENV SERVICE_ARTEFACT=/nowhere")
    assert "do not start" in operator.run("--switch", broken, code=2)
    assert operator.ask_versions() == {STABLE: 40}
    run_docker("rmi", "--force", *changed)


def test_a_good_canary_is_promoted_stage_by_stage(
    operator: Operator, images: Images, callers: Callers
) -> None:
    """Of much the same load: of few requests, each takes longer on a busy machine."""
    operator.run(images("good"), "--weights", "40,60,100", *QUICKLY)
    assert operator.ask_versions() == {CANARY: 40}
    assert callers.failures == []
    events = [
        (line["event"], [share["percent"] for share in line["serving"]])
        for line in operator.read_journal()[-3:]
    ]
    stages = [("stage", [100 - weight, weight]) for weight in (40, 60)]
    assert events == [*stages, ("promoted", [100])]


def test_a_switch_and_a_way_back_lose_no_request_of_5000(
    operator: Operator,
    images: Images,
    callers: Callers,
    record_property: Callable[[str, object], None],
) -> None:
    """Each by one command, which is timed from outside."""
    [now] = operator.ask_versions()
    other = STABLE if now == CANARY else CANARY
    image = images("stable" if other == STABLE else "good")
    for command, expected in ((["--switch", image], other), (["--back"], now)):
        callers.wait_for(1000)
        begin = time.monotonic()
        operator.run(*command)
        record_property("seconds", (command[0], time.monotonic() - begin))
        assert operator.ask_versions() == {expected: 40}
    callers.wait_for(max(0, 5000 - callers.counts.total()))
    assert callers.failures == []


def test_a_rollout_that_stops_on_its_way_is_found_and_goes_on_or_back(
    operator: Operator, images: Images
) -> None:
    [now] = operator.ask_versions()
    other = images("stable" if now == CANARY else "good")
    first = operator.run(other, "--weights", "25", "--stage", "0", code=3)
    assert "stands at 25 %" in first
    assert "stands at 25 %" in operator.run(images("slow"), code=2)
    assert 50 < operator.ask_versions(400)[now] < 400

    going_on = operator.start(other, "--sticky", "header", "--weights", "25,50")
    assert going_on.stdout
    assert any("Stage" in line for line in going_on.stdout)
    assert "A command is running" in operator.run("--back", code=2)
    kept = [
        set(operator.ask_versions(4, **{"X-Session-ID": f"caller {number}"}))
        for number in range(40)
    ]
    assert {len(versions) for versions in kept} == {1}
    assert len(set().union(*kept)) == 2
    going_on.send_signal(signal.SIGINT)
    assert "Interrupted" in going_on.communicate()[0]
    assert going_on.returncode == 3

    operator.run("--back")
    assert operator.ask_versions() == {now: 40}


def test_where_no_replica_of_a_canary_is_there_the_stable_version_answers(
    operator: Operator, images: Images, callers: Callers
) -> None:
    [now] = operator.ask_versions()
    other = images("stable" if now == CANARY else "good")
    operator.run(other, "--weights", "40", "--stage", "0", code=3)
    canary = "green" if "40 %  green" in operator.run("--status") else "blue"
    operator.stack.compose("--profile", PROFILE, "kill", *COLOURS[canary])
    callers.wait_for(60)
    assert operator.ask_versions(10) == {now: 10}
    operator.run("--back")
    assert callers.failures == []
