"""Only what may be run together is, in its order and up to a bound."""

from collections import deque
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.model.device.joint_run import (
    Task,
    join_inputs,
    part_outputs,
    take_joint,
)

NOBODY: Any = None  # where answers would go


def make_task(
    rows: int, digest: str = "a", width: int = 2, *, joins: bool = True
) -> Task:
    inputs = {"x": np.full((rows, width), rows, np.float32)}
    return Task(NOBODY, digest, joins, inputs)


TASKS = st.lists(
    st.builds(
        make_task,
        st.integers(1, 9),
        st.sampled_from("ab"),
        st.integers(1, 2),
        joins=st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@given(TASKS, st.integers(1, 20))
def test_each_is_run_once_and_those_before_it_no_later(
    tasks: list[Task], most_rows: int
) -> None:
    waiting, runs = deque(tasks), []
    while waiting:
        first = waiting[0]
        run = take_joint(waiting, most_rows)
        assert run[0] is first
        assert len(run) == 1 or sum(task.rows for task in run) <= most_rows
        assert len(run) == 1 or all(task.joins for task in run)
        kinds = {(t.digest, t.inputs["x"].shape[1]) for t in run}
        assert len(kinds) == 1
        assert [tasks.index(task) for task in run] == sorted(map(tasks.index, run))
        runs += run
    assert sorted(map(id, runs)) == sorted(map(id, tasks))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_each_is_answered_its_own_rows(sizes: list[int]) -> None:
    tasks = [make_task(rows) for rows in sizes]
    joined = join_inputs(tasks)
    parts = part_outputs({"y": joined["x"] * 2}, tasks)
    for task, part in zip(tasks, parts, strict=True):
        np.testing.assert_array_equal(part["y"], task.inputs["x"] * 2)
