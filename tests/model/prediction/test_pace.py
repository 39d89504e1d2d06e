"""What a model took decides how many may wait for it together."""

import time

from server import PATIENCE_SECONDS

from service.model.prediction.pace import MAX_SHARE, Pace


def test_a_pace_that_is_not_known_allows_all() -> None:
    assert Pace().allows(256, 0.001)


def test_a_batch_is_as_large_as_its_deadline_allows() -> None:
    pace = Pace()
    for _ in range(50):
        pace.note(10, 1.0)
    seconds = 2.0 / MAX_SHARE
    assert pace.allows(19, seconds)
    assert not pace.allows(21, seconds)


def test_a_model_that_is_always_slow_is_asked_for_many_at_once() -> None:
    """To predict each alone would only make the last wait longer."""
    pace = Pace()
    for _ in range(50):
        pace.note(100, 6.0)
    assert pace.allows(30, 10.0)


def test_one_slow_batch_is_remembered_though_most_are_fast() -> None:
    pace = Pace()
    for seconds in (0.01, 4.0):
        pace.note(1, seconds)
    for _ in range(50):
        pace.note(1, 0.01)
    assert not pace.allows(2, 2.0)
    assert pace.allows(2, 10.0)


def test_a_model_that_has_become_slow_is_no_outlier_for_long() -> None:
    pace = Pace()
    for _ in range(10):
        pace.note(100, 0.01)
    for _ in range(30):
        pace.note(100, 4.0)
    assert pace.allows(2, 5.0)


def test_a_batch_is_held_up_that_takes_far_longer_than_its_size_should() -> None:
    pace = Pace()
    assert not pace.is_held()
    for _ in range(50):
        pace.note(1, 3600.0)
    with pace.measure(1):
        assert not pace.is_held()
    for _ in range(200):
        pace.note(1, 0.0)
    with pace.measure(1):
        begin = time.monotonic()
        while not pace.is_held():
            assert time.monotonic() < begin + PATIENCE_SECONDS
    assert not pace.is_held()
