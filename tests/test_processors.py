"""Processors, counted on trees of files as kernels, Docker and systemd lay them out."""

import math
import os
from pathlib import Path

import pytest

from service.processors import count_processors, count_workers, read_quota

# What /proc/self/cgroup says, the files below /sys/fs/cgroup, and the quota.
TREES: dict[str, tuple[str, dict[str, str], float]] = {
    "version 2, a container": ("0::/", {"cpu.max": "150000 100000"}, 1.5),
    "version 2, a container without a quota": (
        "0::/",
        {"cpu.max": "max 100000"},
        math.inf,
    ),
    "version 2, a unit of systemd in a slice": (
        "0::/system.slice/model.service",
        {
            "system.slice/cpu.max": "400000 100000",
            "system.slice/model.service/cpu.max": "300000 100000",
        },
        3,
    ),
    "version 2, a slice that has less than its unit": (
        "0::/system.slice/model.service",
        {
            "system.slice/cpu.max": "200000 100000",
            "system.slice/model.service/cpu.max": "max 100000",
        },
        2,
    ),
    "version 2, the machine": ("0::/", {}, math.inf),
    "version 1, a container": (
        "4:memory:/docker/0949\n1:cpu:/docker/0949",
        {"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"},
        0.5,
    ),
    "version 1, a container without a quota": (
        "2:cpu,cpuacct:/docker/0949",
        {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
        math.inf,
    ),
    "version 1, as the machine sees a container": (
        "2:cpuacct,cpu:/docker/0949\n0::/docker/0949",
        {
            "cpu/cpu.cfs_quota_us": "-1",
            "cpu/cpu.cfs_period_us": "100000",
            "cpu/docker/0949/cpu.cfs_quota_us": "250000",
            "cpu/docker/0949/cpu.cfs_period_us": "50000",
        },
        5,
    ),
    "version 1, the quota of another": (
        "4:memory:/docker/0949\n1:cpu:/docker/3c1f",
        {
            "cpu/docker/0949/cpu.cfs_quota_us": "100000",
            "cpu/docker/0949/cpu.cfs_period_us": "100000",
        },
        math.inf,
    ),
}


@pytest.mark.parametrize("name", TREES)
def test_the_quota_is_that_of_the_process(name: str, tmp_path: Path) -> None:
    said, files, expected = TREES[name]
    places = {f"sys/fs/cgroup/{place}": text for place, text in files.items()}
    for place, text in {"proc/self/cgroup": said, **places}.items():
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
    assert read_quota(tmp_path) == expected


def test_a_system_without_cgroups_has_no_quota(tmp_path: Path) -> None:
    assert read_quota(tmp_path) == math.inf


def test_processors_that_the_process_may_not_use_do_not_count() -> None:
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(usable)})
    try:
        assert count_processors() <= 1
    finally:
        os.sched_setaffinity(0, usable)


def test_a_part_of_a_processor_has_a_worker_and_one_is_not_alone() -> None:
    assert [count_workers(n) for n in (0.5, 1, 2, 2.5, 16)] == [2, 2, 2, 3, 16]
