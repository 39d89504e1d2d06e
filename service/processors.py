"""How many processors this process may use: as its cgroup has it, not the machine.

https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files and, before that,
https://docs.kernel.org/scheduler/sched-bwc.html
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePath

# One answers while the other is replaced, or is busy with a large request.
LEAST_WORKERS = 2


def count_workers(processors: float) -> int:
    """Return how many workers keep so many processors busy."""
    return max(LEAST_WORKERS, math.ceil(processors))


def count_processors() -> float:
    """Return how many processors may be used, which need not be a whole number."""
    return min(_count_usable(), read_quota())


def read_quota(root: Path = Path("/")) -> float:
    """Return the least quota of this process's cgroup and those that it lies in."""
    return min(
        (_read_quota(folder) for folder in _find_folders(root)), default=math.inf
    )


def _count_usable() -> int:
    if hasattr(os, "sched_getaffinity"):  # macOS has none
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _find_folders(root: Path) -> Iterator[Path]:
    """Yield where quotas may be; a container sees its own folder as the topmost one."""
    file = root / "proc/self/cgroup"
    for line in file.read_text().splitlines() if file.is_file() else ():
        _, controllers, path = line.split(":", 2)
        top = root / "sys/fs/cgroup"
        if "cpu" in controllers.split(","):
            top /= "cpu"  # version 1 has a tree for each controller
        elif controllers:
            continue
        inner = PurePath(path.strip("/"))
        yield from (top / folder for folder in (inner, *inner.parents))


def _read_quota(folder: Path) -> float:
    if (file := folder / "cpu.max").is_file():
        quota, period = file.read_text().split()
    elif (file := folder / "cpu.cfs_quota_us").is_file():
        quota = file.read_text().strip()
        period = (folder / "cpu.cfs_period_us").read_text()
    else:
        return math.inf
    return math.inf if quota in ("max", "-1") else int(quota) / int(period)
