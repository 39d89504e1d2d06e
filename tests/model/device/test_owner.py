"""What is run together fails for whom it is to fail, and a lost device is noticed."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from device_networks import NUMBER, write_filling

from service.model.device.channel import Channel
from service.model.device.joint_run import Task
from service.model.device.owner import NO_MEMORY, Owner
from service.model.errors import DeviceLostError
from service.model.runtimes.network import Network
from service.model.runtimes.onnx import OnnxNetwork

PATIENCE_SECONDS = 60.0


class Losing(Network):
    """A network that refuses a row of -1, and every row once the device is lost."""

    is_lost = False

    @classmethod
    def load(cls, *_: Any) -> Network:
        return cls()

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        if self.is_lost or (inputs["x"] < 0).any():
            raise ValueError("no answer")
        return {"y": inputs["x"] * 2}


class Workers:
    """The ends of as many workers, whose requests wait for one process."""

    def __init__(self, folder: Path, network: Any) -> None:
        self.network = network
        self.sizes: list[int] = []
        self.shortages: list[int] = []
        self.owner = Owner(
            str(folder / "socket"),
            {"net": network},
            PATIENCE_SECONDS,
            observe=self.sizes.append,
            count_shortage=lambda: self.shortages.append(1),
        )
        self.channels: list[Channel] = []

    def ask(self, values: Sequence[float]) -> list[Any]:
        """Ask for a number each, all together, and return each one's answer."""
        tasks, ends = [], []
        for value in values:
            here, there = map(
                Channel, socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            )
            self.channels += [here, there]
            ends.append(here)
            inputs = {"x": np.array([[value]], np.float32)}
            tasks.append(Task(there, "net", joins=True, inputs=inputs))
        self.owner._answer(tasks)
        found = [end.receive() for end in ends]
        return [each.about.get("fault") or each.arrays["y"].item() for each in found]

    def close(self) -> None:
        for channel in self.channels:
            channel.close()
        self.owner._listener.close()
        self.owner._selector.close()


@pytest.fixture
def filling(tmp_path: Path) -> Iterator[Workers]:
    content = write_filling(tmp_path / "net.onnx").read_bytes()
    workers = Workers(tmp_path, OnnxNetwork.load(content, {}))
    yield workers
    workers.close()


@pytest.fixture
def losing(tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(tmp_path, Losing())
    yield workers
    workers.close()


def test_what_waits_is_one_run(filling: Workers) -> None:
    assert filling.ask([1.0, 2.0, 3.0]) == [1.0, 2.0, 3.0]
    assert filling.sizes == [3]


def test_too_little_memory_is_for_whom_it_was_for(filling: Workers) -> None:
    found = filling.ask([1.0, 2.0, 3.0, NUMBER])
    assert found == [1.0, 2.0, 3.0, NO_MEMORY]
    assert filling.sizes == [2, 1]
    assert len(filling.shortages) == 3  # of four together, of two, and of one
    assert filling.owner._most_rows == 1


def test_one_that_is_refused_keeps_none_from_its_answer(losing: Workers) -> None:
    assert losing.ask([1.0, 2.0]) == [2.0, 4.0]
    first, refused, *others = losing.ask([1.0, -1.0, 3.0])
    assert (first, others) == (2.0, [6.0])
    assert refused.endswith("no answer")
    assert losing.shortages == []


def test_a_device_that_answers_no_more_is_lost(losing: Workers) -> None:
    assert losing.ask([1.0]) == [2.0]
    losing.network.is_lost = True
    with pytest.raises(DeviceLostError, match="answers no more"):
        losing.ask([1.0])
