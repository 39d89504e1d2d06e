"""The loop of the process that has the device: what workers send is run in turns.

Whatever waits when a run ends is the next one: together where it may be, and nothing
waits for more to come.
"""

import logging
import selectors
import signal
import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from service.model.device.channel import Channel
from service.model.device.joint_run import Task, join_inputs, part_outputs, take_joint
from service.model.errors import DeviceLostError, NetworkMemoryError
from service.model.prediction.batching import MAX_BATCHED_INSTANCES
from service.model.runtimes.network import Network

logger = logging.getLogger("service")

OUT_OF_MEMORY = "device_out_of_memory"

# What is answered where a network gave no outputs: it has none for these inputs, or
# there was no memory for it.
REFUSED = "refused"
NO_MEMORY = "memory"

Arrays = Mapping[str, np.ndarray]


class Owner:
    """Runs networks, by digest, for the workers that connect to its listener.

    A run that takes longer than `patience_seconds` ends the process, as the device's
    end does. `observe` is called with the rows of each run, and `count_shortage` each
    time that memory did not do.
    """

    def __init__(
        self,
        address: str,
        networks: Mapping[str, Network],
        patience_seconds: float,
        *,
        observe: Callable[[int], object] = int,
        count_shortage: Callable[[], object] = int,
    ) -> None:
        self._networks = networks
        self._patience_seconds = patience_seconds
        self._observe, self._count_shortage = observe, count_shortage
        self._most_rows = MAX_BATCHED_INSTANCES
        self._probes: dict[str, Arrays] = {}
        self._waiting: deque[Task] = deque()
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(address)
        self._listener.listen()
        self._selector.register(self._listener, selectors.EVENT_READ)

    def serve(self, alive: int) -> None:
        """Run what is sent until the descriptor `alive` ends.

        Raises DeviceLostError.
        """
        self._selector.register(alive, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select(0 if self._waiting else None):
                if key.fd == alive:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._take(key.data)
            if self._waiting:
                self._answer(take_joint(self._waiting, self._most_rows))

    def _accept(self) -> None:
        with suppress(OSError):  # its worker has ended meanwhile
            channel = Channel(self._listener.accept()[0])
            self._selector.register(channel, selectors.EVENT_READ, channel)

    def _take(self, channel: Channel) -> None:
        try:
            about, arrays = channel.receive()
        except (OSError, EOFError):
            self._selector.unregister(channel)
            channel.close()
            return
        self._waiting.append(Task(channel, about["network"], about["joins"], arrays))

    def _answer(self, tasks: Sequence[Task]) -> None:
        """Run tasks together, or by halves, until one is left with its own fault."""
        try:
            outputs = self._run(tasks[0].digest, join_inputs(tasks))
        except NetworkMemoryError:
            self._note_shortage(tasks)
            fault = NO_MEMORY
        except ValueError as error:
            fault = f"{REFUSED} {error}"
        else:
            rows = sum(task.rows for task in tasks)
            if all(output.shape[:1] == (rows,) for output in outputs.values()):
                for task, part in zip(tasks, part_outputs(outputs, tasks), strict=True):
                    _send(task, {}, part)
                return
            if len(tasks) == 1:
                _send(tasks[0], {}, outputs)
                return
        if len(tasks) == 1:
            _send(tasks[0], {"fault": fault}, {})
            return
        middle = len(tasks) // 2
        self._answer(tasks[:middle])
        self._answer(tasks[middle:])

    def _run(self, digest: str, inputs: Arrays) -> dict[str, np.ndarray]:
        """Run a network. Raises ValueError, NetworkMemoryError or DeviceLostError.

        One that fails is tried again with a row that it has answered before: a device
        that is lost answers nothing any more.
        """
        network = self._networks[digest]
        signal.setitimer(signal.ITIMER_REAL, self._patience_seconds)
        try:
            outputs = network.run(inputs)
        except ValueError:
            self._try_device(digest)
            raise
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        rows = len(next(iter(inputs.values())))
        self._observe(rows)
        if digest not in self._probes and rows:
            self._probes[digest] = {name: a[:1].copy() for name, a in inputs.items()}
        return outputs

    def _try_device(self, digest: str) -> None:
        """Raise DeviceLostError unless a network answers what it has answered."""
        if digest not in self._probes:
            return
        try:
            self._networks[digest].run(self._probes[digest])
        except (ValueError, NetworkMemoryError) as error:
            raise DeviceLostError(
                f"It answers no more what it has answered before: {error}"
            ) from error

    def _note_shortage(self, tasks: Sequence[Task]) -> None:
        """Run fewer rows together from now on, where several were too many."""
        rows = sum(task.rows for task in tasks)
        if len(tasks) > 1:
            self._most_rows = max(1, min(self._most_rows, rows) // 2)
        self._count_shortage()
        extra = {"rows": rows, "rows_together": self._most_rows}
        logger.warning(OUT_OF_MEMORY, extra=extra)


def _send(task: Task, about: dict[str, Any], arrays: Arrays) -> None:
    with suppress(OSError):  # its worker has ended meanwhile
        try:
            task.channel.send(about, arrays)
        except MemoryError:
            task.channel.send({"fault": NO_MEMORY}, {})
