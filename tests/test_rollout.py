"""What deploy/rollout reads and writes, and what it refuses, without an engine."""

import os
import subprocess
import sys
from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pipelines import ROOT

from rolling.command import build_parser, read_weights
from rolling.images import ImageError, describe_image
from rolling.journal import BACK, Journal, Share, find_former, find_served
from rolling.lock import LockedError, hold_lock
from rolling.rollout import Plan, list_stages
from rolling.telling import describe_entry, describe_served, read_time
from rolling.traffic import STICKY, Traffic, parse_traffic

BY = "ann@host"


def share(version: str, percent: int = 100) -> Share:
    return Share("wine", version, f"wine:{version}", f"sha256:{version}", percent)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl", BY)


@pytest.mark.parametrize("stable", ["blue", "green"])
@pytest.mark.parametrize("weight", [0, 1, 5, 25, 99])
@pytest.mark.parametrize("sticky", STICKY)
def test_who_answers_is_read_from_files_as_it_was_written(
    stable: str, weight: int, sticky: str
) -> None:
    traffic = Traffic(stable, weight, sticky)  # type: ignore[arg-type]
    assert parse_traffic(traffic.list_files()) == traffic


def test_whoever_is_answered_by_a_canary_still_is_when_it_gets_more() -> None:
    few, more = Traffic(weight=5).list_files(), Traffic(weight=25).list_files()
    assert set(few) < set(more)
    assert len(more) == 25


def test_at_first_the_blue_replicas_answer_everybody() -> None:
    assert parse_traffic([]) == Traffic("blue", 0, "request")


@pytest.mark.parametrize(
    ("text", "weights"),
    [("5,25,50,100", (5, 25, 50)), ("50", (50,)), ("1,99", (1, 99))],
)
def test_weights_are_percents_that_grow(text: str, weights: tuple[int, ...]) -> None:
    assert read_weights(text) == weights


@pytest.mark.parametrize("text", ["", "100", "0,5", "25,5", "5,5", "101", "x", "5,,6"])
def test_other_weights_are_refused(text: str) -> None:
    with pytest.raises((ArgumentTypeError, ValueError)):
        read_weights(text)


def test_an_entry_is_read_as_it_was_written(journal: Journal) -> None:
    written = journal.append("stage", [share("1.0.0", 75), share("1.1.0", 25)], why="x")
    assert journal.read() == [written]
    assert written.by == BY
    assert written.details == {"why": "x"}
    assert "wine 1.1.0 (sha256:1.1.0) 25 %" in describe_entry(written)


def test_a_line_that_was_never_finished_hides_no_other(
    journal: Journal, tmp_path: Path
) -> None:
    first = journal.append("found", [share("1.0.0")])
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"time": "2026-11')
    second = journal.append("switched", [share("1.1.0")])
    assert journal.read() == [first, second]


def test_the_version_before_is_the_one_that_was_stable_before(journal: Journal) -> None:
    def tell_former() -> str:
        former = find_former(journal.read())
        return former.version if former else ""

    journal.append("found", [share("1.0.0")])
    assert tell_former() == ""
    journal.append("stage", [share("1.0.0", 95), share("1.1.0", 5)])
    assert tell_former() == ""
    journal.append("promoted", [share("1.1.0")])
    journal.append("switched", [share("1.2.0")])
    assert tell_former() == "1.1.0"
    journal.append(BACK, [share("1.1.0")])
    assert tell_former() == "1.0.0"  # and not what was left
    journal.append(BACK, [share("1.0.0")])
    assert tell_former() == ""


def test_what_answered_on_a_day_is_told(journal: Journal) -> None:
    journal.append("found", [share("1.0.0")])
    journal.append("stage", [share("1.0.0", 95), share("1.1.0", 5)])
    journal.append("promoted", [share("1.1.0")])
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    entries = [
        type(entry)(
            noon + timedelta(hours=hours), *(entry.by, entry.event, entry.serving)
        )
        for entry, hours in zip(journal.read(), (0, 6, 24), strict=True)
    ]

    def tell_versions(text: str) -> list[str]:
        served = find_served(entries, *read_time(text))
        return [shares[-1].version for _, shares in served]

    assert tell_versions("2026-11-24") == ["1.0.0", "1.1.0"]
    assert tell_versions("2026-11-25T11:00") == ["1.1.0"]
    assert len(find_served(entries, *read_time("2026-11-25"))) == 2
    assert tell_versions("2026-11-23") == []
    [line] = describe_served(entries, *read_time("2026-11-24T11:59:59Z"))
    assert "not in the journal" in line
    [line] = describe_served(entries, *read_time("2027-01-01"))
    assert "wine 1.1.0 (sha256:1.1.0) 100 %" in line


def test_one_command_runs_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with (
        hold_lock(lock, "ann since 12:00:00"),
        pytest.raises(LockedError, match=r"^A command is running: ann since 12:00:00"),
        hold_lock(lock, "ben"),
    ):
        pass
    with hold_lock(lock, "ben"):
        pass


def test_an_image_says_which_version_it_is() -> None:
    labels = {"model.name": "wine", "model.version": "1.1.0"}
    image = describe_image("wine:new", "sha256:1", {"Labels": labels})
    assert (image.model, image.version) == ("wine", "1.1.0")
    with pytest.raises(ImageError, match=r"no image of this service: .* model\.name"):
        describe_image("redis", "sha256:2", {"Labels": None})


def test_what_is_left_of_a_rollout_is_judged_however_far_it_came() -> None:
    plan = Plan((5, 25, 50), None, 1.0, 1.0, Path("seen.json"))

    def list_weights(weight: int) -> list[int]:
        return [each.weight for each in list_stages(Traffic(weight=weight), plan)]

    assert list_weights(0) == [5, 25, 50]
    assert list_weights(25) == [25, 50]
    assert list_weights(60) == [60]
    [stage] = list_stages(Traffic(weight=60, sticky="key"), plan)
    assert stage.sticky == "key"


def test_a_stage_has_an_hour_and_the_usual_weights() -> None:
    options = build_parser().parse_args(["wine:new"])
    assert (options.weights, options.every, options.stage) == ((5, 25, 50), 10, 3600)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command where there is no docker."""
    return subprocess.run(
        [
            sys.executable,
            str(ROOT / "deploy/rollout"),
            "--state",
            str(folder),
            *arguments,
        ],
        env={**os.environ, "PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [["wine:new"], ["--switch", "wine:new"], ["--back"], ["--status"]]
)
def test_without_docker_it_ends_with_one_sentence(
    arguments: list[str], tmp_path: Path
) -> None:
    done = run(tmp_path, *arguments)
    assert (done.returncode, done.stderr) == (2, "FAIL  docker is not installed.\n")
    assert not (tmp_path / "journal.jsonl").exists()


def test_the_journal_is_read_without_docker(journal: Journal, tmp_path: Path) -> None:
    journal.append("found", [share("1.0.0")])
    assert "found  wine 1.0.0" in run(tmp_path, "--journal").stdout
    assert "wine 1.0.0" in run(tmp_path, "--at", "2999-01-01").stdout


def test_what_nobody_asked_for_is_not_done(tmp_path: Path) -> None:
    for arguments in (
        *([], ["--at", "tuesday"], ["--back", "--stop"], ["wine:new", "--back"]),
        *(["wine:new", "--every", "-1"], ["wine:new", "--max-shift", "2"]),
    ):
        done = run(tmp_path, *arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(tmp_path / "file/state", "--journal")
    assert done.returncode == 2
    assert done.stderr.startswith(f"FAIL  {tmp_path}/file/state: ")
