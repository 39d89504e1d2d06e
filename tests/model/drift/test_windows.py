"""Windows of time: what several processes count in them, and what is left of it."""

import os
import signal
from pathlib import Path

import pytest

from service.model.contract.instances import Instances, Predictions
from service.model.contract.prediction_form import form_values
from service.model.drift.histograms import Histogram, Histograms
from service.model.drift.windows import DriftMonitor, Window

VALUE = form_values(["value"])
HOUR = 3600
NOON = 12 * HOUR
HISTOGRAMS = Histograms(
    count=10,
    features=(
        Histogram(name="x", kind="number", counts=(5, 5), edges=(0.0, 1.0, 2.0)),
    ),
    scores=(Histogram(name="value", kind="number", counts=(10,), edges=(0.0, 9.0)),),
)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = float(NOON)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begin(folder: Path, clock: Clock, slot: int = 0, digest: str = "a") -> DriftMonitor:
    return DriftMonitor(
        HISTOGRAMS,
        digest,
        folder,
        slot,
        seconds=HOUR,
        minimum_count=4,
        clock=clock,
    )


def count(monitor: DriftMonitor, *values: float) -> None:
    rows = [[value] for value in values]
    monitor.count(Instances((values,), len(values)), Predictions(VALUE, None, rows))


def read_counts(windows: tuple[Window, Window]) -> tuple[int, int]:
    current, previous = windows
    return current.drift.count, previous.drift.count


def test_a_window_becomes_the_previous_one_and_then_is_forgotten(
    tmp_path: Path, clock: Clock
) -> None:
    monitor = begin(tmp_path, clock)
    count(monitor, 0.5, 0.5, 1.5)
    clock.now += HOUR - 1
    count(monitor, 0.5)
    assert read_counts(monitor.measure()) == (4, 0)
    clock.now += 1
    assert read_counts(monitor.measure()) == (0, 4)
    count(monitor, 0.5)
    assert read_counts(monitor.measure()) == (1, 4)
    clock.now += HOUR
    count(monitor, 1.5, 1.5)
    assert read_counts(monitor.measure()) == (2, 1)
    clock.now += 2 * HOUR
    assert read_counts(monitor.measure()) == (0, 0)


def test_a_window_says_from_when_to_when_it_is(tmp_path: Path, clock: Clock) -> None:
    clock.now += 59.5
    current, previous = begin(tmp_path, clock).measure()
    noon, one = "1970-01-01T12:00:00Z", "1970-01-01T13:00:00Z"
    assert (current.begins, current.ends) == (noon, one)
    assert previous.ends == noon


def test_workers_count_together_and_each_takes_up_what_the_one_before_it_left(
    tmp_path: Path, clock: Clock
) -> None:
    count(begin(tmp_path, clock, 0), 0.5, 1.5)
    child = os.fork()
    if not child:
        count(begin(tmp_path, clock, 1), 0.5, 1.5, 1.5)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    successor = begin(tmp_path, clock, 7)
    successor.take_slot(1)
    count(successor, 5.0)
    windows = successor.measure()
    assert windows[0].drift.count == 6
    assert windows[0].drift.features[0].unseen_rate == 1 / 6
    assert begin(tmp_path, clock, 0).measure() == windows


def test_who_is_killed_while_it_begins_a_window_leaves_no_count_in_it(
    tmp_path: Path, clock: Clock
) -> None:
    monitor = begin(tmp_path, clock)
    count(monitor, 0.5, 0.5)
    [path] = tmp_path.iterdir()
    torn = bytearray(path.read_bytes())
    bank = 8 * (NOON // HOUR % 2 == 0) * (len(torn) // 16)
    torn[bank : bank + 8] = bytes(8)
    path.write_bytes(torn)
    again = begin(tmp_path, clock)
    assert read_counts(again.measure()) == (0, 0)
    count(again, 1.5)
    assert read_counts(again.measure()) == (1, 0)


def test_another_model_in_the_same_folder_is_not_counted(
    tmp_path: Path, clock: Clock
) -> None:
    count(begin(tmp_path, clock, digest="b"), 0.5, 0.5)
    assert read_counts(begin(tmp_path, clock).measure()) == (0, 0)


def test_the_latest_drift_is_of_the_later_window_with_instances_enough(
    tmp_path: Path, clock: Clock
) -> None:
    monitor = begin(tmp_path, clock)
    count(monitor, 0.5)
    assert monitor.measure_latest().verdict == "insufficient"
    count(monitor, 0.5, 1.5, 1.5)
    clock.now += HOUR
    count(monitor, 1.5)
    assert monitor.measure_latest() == monitor.measure()[1].drift
    assert monitor.measure_latest().count == 4
    count(monitor, 1.5, 1.5, 1.5)
    assert monitor.measure_latest() == monitor.measure()[0].drift
    assert monitor.measure_latest().verdict == "large"


def test_where_there_is_no_room_a_process_counts_what_nobody_sees(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that could not start for it would end the whole server."""
    seen = begin(tmp_path, clock, 1)
    (tmp_path / "a_2.windows").mkdir()
    count(begin(tmp_path, clock, 2), 0.5, 1.5)
    (tmp_path / "a_2.windows").rmdir()
    count(seen, 0.5)
    assert read_counts(seen.measure()) == (1, 0)
    assert [record.message for record in caplog.records] == ["drift_lost"]
