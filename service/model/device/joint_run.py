"""What waits for a network, run together as far as that changes no answer."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.model.device.channel import Channel


@dataclass(frozen=True, eq=False)
class Task:
    """The inputs of a network that a worker has sent, and waits for the answer to.

    It `joins` others only where the model is known to answer rows together as alone.
    """

    channel: Channel
    digest: str
    joins: bool
    inputs: Mapping[str, np.ndarray]

    @property
    def rows(self) -> int:
        return len(next(iter(self.inputs.values())))

    def fits(self, other: "Task") -> bool:
        """Return True if both can be run as one."""
        return (
            self.joins
            and other.joins
            and self.digest == other.digest
            and self._describe() == other._describe()
        )

    def _describe(self) -> list[Any]:
        return [(name, a.dtype, a.shape[1:]) for name, a in self.inputs.items()]


def take_joint(waiting: deque[Task], most_rows: int) -> list[Task]:
    """Take the first that waits, and what fits to it, up to a number of rows.

    The others stay in their order. Nobody is waited for.
    """
    first = waiting.popleft()
    taken, rows = [first], first.rows
    for task in list(waiting):
        if first.fits(task) and rows + task.rows <= most_rows:
            waiting.remove(task)
            taken.append(task)
            rows += task.rows
    return taken


def join_inputs(tasks: Sequence[Task]) -> Mapping[str, np.ndarray]:
    """Return the inputs of several tasks as one's."""
    if len(tasks) == 1:
        return tasks[0].inputs
    names = tasks[0].inputs
    return {name: np.concatenate([t.inputs[name] for t in tasks]) for name in names}


def part_outputs(
    outputs: Mapping[str, np.ndarray], tasks: Sequence[Task]
) -> list[dict[str, np.ndarray]]:
    """Return what each of several tasks is answered, a row for each of its own."""
    ends = np.cumsum([task.rows for task in tasks]).tolist()
    return [
        {name: output[end - task.rows : end] for name, output in outputs.items()}
        for task, end in zip(tasks, ends, strict=True)
    ]
