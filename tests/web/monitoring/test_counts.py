"""Counts in files: by their slot, for whoever comes after, and read while written."""

import os
import random
import resource
import threading
from pathlib import Path

from flask import Flask
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from scrape import Scrape
from service_log import Log

from service.web.monitoring.counts import COUNTS_LOCK, FILE_BYTES, Counts
from service.web.monitoring.metric_kinds import Counter, Histogram, MaxGauge, SumGauge
from service.web.monitoring.worker_slots import end_slot, find_free_slot
from service.web.routes.metrics import MergedFiles
from service.web.runtime_folder import open_folder


def scrape(folder: Path) -> Scrape:
    return Scrape(generate_latest(MergedFiles(folder)).decode())


def test_a_slot_is_counted_on_by_who_takes_it_over(tmp_path: Path) -> None:
    for _ in range(3):
        for slot in (0, 1):
            counter = Counter(Counts(tmp_path, slot), "jobs", "Jobs.", ("kind",))
            counter["a"].add(2)
            counter["b"].add()
    assert {path.name for path in tmp_path.iterdir()} == {
        "counter_0.db",
        "counter_1.db",
    }
    assert scrape(tmp_path).read("jobs_total", kind="a") == 12
    assert scrape(tmp_path).read("jobs_total", kind="b") == 6


def test_what_is_open_moves_to_the_slot(tmp_path: Path) -> None:
    counts = Counts(tmp_path, 4711)
    counter = Counter(counts, "jobs", "Jobs.")
    counter.unlabelled.add()
    counts.take_slot(0)
    counter.unlabelled.add(5)
    assert scrape(tmp_path).read("jobs_total") == 6
    (tmp_path / "counter_4711.db").unlink()
    assert scrape(tmp_path).read("jobs_total") == 5


def test_prometheus_client_reads_the_files_as_a_scrape_does(tmp_path: Path) -> None:
    for slot in (0, 1):
        counts = Counts(tmp_path, slot)
        Counter(counts, "jobs", "Jobs.", ("kind",))["a"].add(2.5 + slot)
        SumGauge(counts, "alive", "Alive.").unlabelled.set(1)
        MaxGauge(counts, "size", "Size.", ("of",))["it"].set(slot)
        histogram = Histogram(counts, "x", "X.", ("by",), bounds=(0.5, 1.0))
        histogram["it"].observe_all([0.25, 0.5, 2.0])
    theirs = CollectorRegistry()
    MultiProcessCollector(theirs, path=str(tmp_path))
    found = Scrape(generate_latest(theirs).decode())
    assert found.samples == scrape(tmp_path).samples
    assert found.read("x_bucket", by="it", le="+Inf") == 6


def test_two_objects_for_one_number_are_one(tmp_path: Path) -> None:
    counts = Counts(tmp_path, 0)
    for _ in range(2):
        Counter(counts, "jobs", "Jobs.").unlabelled.add()
    assert scrape(tmp_path).read("jobs_total") == 2


def test_a_file_grows_and_loses_nothing(tmp_path: Path) -> None:
    counter = Counter(Counts(tmp_path, 0), "jobs", "Jobs.", ("kind",))
    for kind in range(5000):
        counter[kind].add(kind)
    counter[0].add(7)  # by the map of the file when it was small
    found = scrape(tmp_path)
    assert found.read("jobs_total", kind=0) == 7
    assert all(found.read("jobs_total", kind=k) == k for k in range(1, 5000))


def test_labels_may_be_any_text(tmp_path: Path) -> None:
    counter = Counter(Counts(tmp_path, 0), "jobs", "Jobs.", ("kind",))
    texts = ['"', "\\", "\n", "é", "🎲", "", "x" * 5000, "a\0b", "{}"]
    for text in texts:
        counter[text].add()
    found = scrape(tmp_path)
    assert all(found.read("jobs_total", kind=text) == 1 for text in texts)


def test_many_values_are_counted_as_each_alone_would_be(tmp_path: Path) -> None:
    bounds = (-1.0, 0.0, 0.5, 0.5000001, 3.0)
    histogram = Histogram(Counts(tmp_path, 0), "x", "X.", ("by",), bounds=bounds)
    values = [*bounds, *(random.uniform(-3, 5) for _ in range(500)), 1e300, -1e300]
    for value in values:
        histogram["one"].observe(value)
    histogram["all"].observe_all(values)
    histogram["all"].observe_all([])
    found = scrape(tmp_path)
    for le in (*map(str, bounds), "+Inf"):
        one = found.read("x_bucket", by="one", le=le)
        assert found.read("x_bucket", by="all", le=le) == one
        assert one == sum(value <= float(le) for value in values)
    assert found.read("x_count", by="all") == len(values)


def test_threads_lose_no_count(tmp_path: Path) -> None:
    counts = Counts(tmp_path, 0)
    counter = Counter(counts, "jobs", "Jobs.", ("kind",))

    def count() -> None:
        for kind in range(2000):
            with COUNTS_LOCK:
                counter[kind % 7].add()

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = scrape(tmp_path)
    assert sum(found.read("jobs_total", kind=k) for k in range(7)) == 16_000


def test_what_a_worker_says_of_itself_goes_with_it() -> None:
    folder = open_folder()
    for slot in (9001, 9002):
        counts = Counts(folder, slot)
        SumGauge(counts, "tests_alive", "Alive.").unlabelled.set(1)
        MaxGauge(counts, "tests_size", "Size.").unlabelled.set(slot)
        Counter(counts, "tests_jobs", "Jobs.").unlabelled.add()
    assert scrape(folder).read("tests_alive") == 2
    assert scrape(folder).read("tests_size") == 9002
    end_slot(9002)
    said = scrape(folder)
    assert said.read("tests_alive") == 1
    assert said.read("tests_size") == 9001
    assert said.read("tests_jobs_total") == 2
    end_slot(9001)


def test_the_lowest_free_slot_is_given() -> None:
    assert find_free_slot([]) == 0
    assert find_free_slot([0, 1, 3]) == 2
    assert find_free_slot([1, 2]) == 0


def test_a_file_that_was_just_opened_is_no_fault(tmp_path: Path) -> None:
    Counter(Counts(tmp_path, 0), "jobs", "Jobs.").unlabelled.add()
    (tmp_path / "counter_1.db").touch()
    assert scrape(tmp_path).read("jobs_total") == 1


def test_what_has_no_room_is_counted_where_nobody_sees_it(
    tmp_path: Path, log: Log
) -> None:
    """A request that was answered is not to fail for it."""
    nowhere = tmp_path / "a-file"
    nowhere.touch()
    counter = Counter(Counts(nowhere, 0), "jobs", "Jobs.", ("kind",))
    for kind in range(1000):
        counter[kind].add(2)
    assert counter[7].numbers[counter[7].index] == 2
    [line] = log.lines
    assert (line["event"], line["level"]) == ("metrics_lost", "ERROR")


def test_a_file_that_may_grow_no_more_keeps_what_it_has(
    tmp_path: Path, log: Log
) -> None:
    counter = Counter(Counts(tmp_path, 0), "jobs", "Jobs.", ("kind",))
    counter["first"].add()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, limits[1]))
    try:
        for kind in range(1000):
            counter[kind].add()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    found = scrape(tmp_path)
    assert found.read("jobs_total", kind="first") == 1
    assert found.read("jobs_total", kind=0) == 1
    assert found.read("jobs_total", kind=999) == 0
    assert [line["event"] for line in log.lines] == ["metrics_lost"]


def test_the_masters_own_counts_are_no_workers(
    app: Flask, keys: dict[str, str]
) -> None:
    """In a container its pid is 1, which is the number of a worker, too."""
    for slot in (os.getpid(), 0, 1):
        end_slot(slot)
    answer = app.test_client().get("/metrics", headers={"X-API-Key": keys["metrics"]})
    predictor = app.extensions["predictor"]
    named = {"name": "credit-risk", "version": "1.0.0", "engine": "plan"}
    found = Scrape(answer.text).read("model_info", digest=predictor.digest, **named)
    assert found == 1
