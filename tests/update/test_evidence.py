"""What is kept between two looks: counters that only rise, whatever restarts."""

from pathlib import Path

import pytest

from service.update.evidence import (
    CANARY,
    STABLE,
    Evidence,
    EvidenceError,
    read_evidence,
    write_evidence,
)
from service.update.sources import Reading
from service.update.statistics import RATIOS, weigh_excess

COUNT = "http_request_duration_seconds_count"

NO_EVIDENCE = (
    *("", "[]", "{}", "\xff", '{"format": 2}', '{"format": 1, "x": 1}'),
    *('{"format": 1, "looks": "many"}', '{"format": 1, "errors": [0.5]}'),
    '{"format": 1, "totals": {"canary": {"requests": 5}}}',
)


def read(good: float, errors: float = 0.0) -> Reading:
    """Return what a replica says that has answered so many requests."""
    by_status = {"200": good, "500": errors}
    return Reading(
        {
            (COUNT, frozenset({("route", "/v1/predict"), ("status", status)})): value
            for status, value in by_status.items()
        }
    )


def look(evidence: Evidence, stable: Reading, canary: Reading) -> None:
    evidence.add({STABLE: {"a": stable}, CANARY: {"b": canary}})


def test_what_was_counted_before_the_first_look_does_not_count() -> None:
    evidence = Evidence()
    look(evidence, read(1000, 50), read(10, 9))
    assert evidence.count(STABLE).requests == evidence.count(CANARY).requests == 0
    look(evidence, read(1090, 50), read(19, 10))
    assert (evidence.count(STABLE).requests, evidence.count(STABLE).errors) == (90, 0)
    assert (evidence.count(CANARY).requests, evidence.count(CANARY).errors) == (10, 1)
    assert evidence.errors == pytest.approx(weigh_excess(1, 0, 0.1))
    assert evidence.refused == [0.0] * len(RATIOS)


def test_a_replica_that_restarts_counts_from_zero() -> None:
    evidence = Evidence()
    look(evidence, read(100), read(100))
    look(evidence, read(150), read(7))
    assert evidence.count(STABLE).requests == 50
    assert evidence.count(CANARY).requests == 7


def test_a_replica_that_comes_later_counts_from_its_first_look() -> None:
    evidence = Evidence()
    look(evidence, read(100), read(100))
    more = {STABLE: {"a": read(110), "c": read(5000)}, CANARY: {"b": read(100)}}
    evidence.add(more)
    assert evidence.count(STABLE).requests == 10
    more[STABLE]["c"] = read(5003)
    evidence.add(more)
    assert evidence.count(STABLE).requests == 13


def test_another_weight_begins_a_stage_and_keeps_the_evidence_of_errors() -> None:
    evidence = Evidence()
    evidence.begin_stage(5.0)
    look(evidence, read(0), read(0))
    look(evidence, read(95), read(4, 1))
    errors = list(evidence.errors)
    evidence.begin_stage(5.0)
    assert (evidence.stages, evidence.count(CANARY).requests) == (1, 5)
    evidence.begin_stage(25.0)
    assert (evidence.stages, evidence.count(CANARY).requests) == (2, 0)
    assert evidence.errors == errors
    look(evidence, read(170), read(28, 2))
    assert (evidence.count(STABLE).requests, evidence.count(CANARY).requests) == (
        75,
        25,
    )
    added = zip(errors, weigh_excess(1, 0, 0.25), strict=True)
    assert evidence.errors == pytest.approx([sum(pair) for pair in added])


def test_evidence_is_read_as_it_was_written(tmp_path: Path) -> None:
    evidence = Evidence({STABLE: ["m", "1.0.0"], CANARY: ["m", "1.1.0"]})
    evidence.begin_stage(5.0)
    look(evidence, read(1), read(2))
    look(evidence, read(10, 1), read(9, 3))
    path = tmp_path / "evidence.json"
    write_evidence(evidence, path)
    assert read_evidence(path) == evidence
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_a_file_that_is_no_evidence_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    assert read_evidence(path) == Evidence()
    for text in NO_EVIDENCE:
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(EvidenceError, match="is no file of this release"):
            read_evidence(path)
