"""The phases, by name."""

from collections.abc import Callable, Iterator

from benchmarks.ours import Ours
from benchmarks.soak.deadline import measure_deadline
from benchmarks.soak.drain import measure_drain
from benchmarks.soak.findings import Finding
from benchmarks.soak.floods import (
    measure_chunks,
    measure_heads,
    measure_idle,
    measure_unread,
    measure_wrong,
)
from benchmarks.soak.hung import measure_hung_model
from benchmarks.soak.killed import measure_killed_workers
from benchmarks.soak.overload import measure_overload
from benchmarks.soak.rolling import measure_rolling_restart
from benchmarks.soak.slow import measure_slow_callers
from benchmarks.soak.storage import measure_storage

PHASES: dict[str, Callable[[Ours], Iterator[Finding]]] = {
    "slow": measure_slow_callers,
    "idle": measure_idle,
    "unread": measure_unread,
    "chunks": measure_chunks,
    "wrong": measure_wrong,
    "heads": measure_heads,
    "deadline": measure_deadline,
    "hung": measure_hung_model,
    "overload": measure_overload,
    "storage": measure_storage,
    "killed": measure_killed_workers,
    "drain": measure_drain,
    "rolling": measure_rolling_restart,
}
