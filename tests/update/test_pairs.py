"""Answers are paired by their requests' ids, whatever the logs are like."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.update import pairs
from service.update.compare import Comparison
from service.update.logged import PredictionLogError
from service.update.pairs import Logs, compare_pairs

OLD, NEW = "1.0.0", "1.1.0"


def line(
    request_id: str,
    version: str,
    *labels: str,
    model: str = "credit",
    instances: list[Any] | None = None,
) -> str:
    """Return a line of a prediction log."""
    answers = [{"label": label, "probabilities": {"bad": 0.5}} for label in labels]
    asked = [{"Home": label} for label in labels] if instances is None else instances
    return json.dumps(
        {
            "request_id": request_id,
            "model": model,
            "version": version,
            "instances": asked,
            "predictions": answers,
        }
    )


def refusal(request_id: str, version: str) -> str:
    """Return a line of the service's stdout."""
    return json.dumps(
        {
            **{"event": "request", "route": "/v1/predict", "status": 422},
            **{"request_id": request_id, "model": "credit", "version": version},
        }
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


def compare(path: Path, *lines: str, segments: tuple[str, ...] = ()) -> Comparison:
    path.write_text("\n".join(lines) + "\n")
    return compare_pairs(Logs(OLD, NEW, [path], segments))


def count(found: Comparison) -> dict[str, int]:
    return {name: number for name, number in found.requests.items() if number}


def test_answers_of_one_id_are_compared_instance_by_instance(path: Path) -> None:
    asked = [{"Home": "rent"}, {"Home": "owner"}]
    found = compare(
        path,
        line("a", OLD, "good", "bad", instances=asked),
        line("b", OLD, "good"),
        line("c", NEW, "good"),
        line("a", NEW, "good", "good", instances=asked),
        segments=("Home",),
    )
    assert count(found) == {"paired": 1, "old_alone": 1, "new_alone": 1}
    assert found.differences.labels == {("good", "good"): 1, ("bad", "good"): 1}
    assert found.differences.segments["Home"]["owner"].changed == 1
    [(*_, request_id)] = found.differences.furthest
    assert request_id == "a"
    assert (found.old.name, found.new.version) == ("credit", NEW)


def test_what_one_version_refused_is_told_by_the_services_stdout(path: Path) -> None:
    found = compare(
        path,
        *(line("a", OLD, "good", "bad"), refusal("a", NEW)),
        *(refusal("b", OLD), line("b", NEW, "bad")),
        *(refusal("c", OLD), refusal("c", NEW)),
    )
    assert count(found) == {"paired": 3}
    assert found.differences.refused == {"new": 2, "old": 1}


def test_one_id_for_other_instances_is_no_pair(path: Path) -> None:
    """As where a caller sends a constant."""
    found = compare(
        path,
        *(line("a", OLD, "good"), line("a", NEW, "bad")),
        *(line("b", OLD, "good"), line("b", NEW, "good")),
        *(line("b", OLD, "good"), line("b", NEW, "good")),
    )
    assert count(found) == {"paired": 1, "other_instances": 1, "repeated": 2}


def test_half_a_line_is_left_out(path: Path) -> None:
    """It is what a crash leaves; another program's lines may stand between."""
    whole = (line("a", OLD, "good"), line("a", NEW, "good"))
    short = line("b", OLD, "good", instances=[])
    found = compare(path, whole[0][:40], *whole, '"text"', '{"level": "INFO"}', short)
    assert count(found) == {"paired": 1}


def test_what_memory_does_not_hold_is_paired_in_parts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        *(line(f"r{number}", OLD, "good") for number in range(100)),
        *(line(f"r{number}", NEW, "good") for number in range(95, 0, -1)),
    ]
    whole = count(compare(path, *lines))
    monkeypatch.setattr(pairs, "MOST_BYTES", 10_000)
    assert count(compare(path, *lines)) == whole == {"paired": 95, "old_alone": 5}


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([line("a", OLD, "good")], "No line is of version 1.1.0."),
        ([line("a", NEW, "good")], "No line is of version 1.0.0."),
        (
            [line("a", OLD, "good"), line("b", NEW, "good")],
            "No request was answered by both versions.",
        ),
        (
            [line("a", OLD, "good"), line("a", NEW, "good", model="wine")],
            "These are different models: credit, wine.",
        ),
        (["Age,Home", "30,rent"], "is no prediction log."),
        (['{"a": 1}'], "is no prediction log."),
    ],
)
def test_what_cannot_be_paired_is_told(
    lines: list[str], sentence: str, path: Path
) -> None:
    with pytest.raises(PredictionLogError, match=sentence):
        compare(path, *lines)


def test_a_version_is_not_paired_with_itself(path: Path) -> None:
    with pytest.raises(PredictionLogError, match=r"Both are version 1\.0\.0"):
        compare_pairs(Logs(OLD, OLD, [path]))
