"""Networks that hang in forks are run by a child until there are forks."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from service.model.runtimes.device import CPU
from service.model.runtimes.network import Network, TensorForm
from service.model.runtimes.network_file import NetworkFile
from service.model.runtimes.registry import RUNTIMES
from service.model.runtimes.trial import trying_networks

NOTHING = {"x": np.zeros((1, 1))}


class ProcessNetwork(Network):
    """Answers which process runs it, once that has done what it is told."""

    runtime = "process"
    library = "numpy"
    extra = "process"
    loads_in_worker = True

    def __init__(self, act: Callable[[], object]) -> None:
        self.inputs = self.outputs = (TensorForm("x", "int64", (None, 1)),)
        self.act = act

    @classmethod
    def load(
        cls, content: bytes, options: Mapping[str, Any], place: str = CPU
    ) -> "ProcessNetwork":
        return cls(options.get("act", int))

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.act()
        return {"x": np.array([[os.getpid()]])}


@pytest.fixture
def provide(monkeypatch: pytest.MonkeyPatch) -> Callable[..., NetworkFile]:
    """Return what makes a network that is not loaded yet."""
    monkeypatch.setitem(RUNTIMES, "process", ProcessNetwork)

    def make(**options: Any) -> NetworkFile:
        network = NetworkFile("process", "net", b"", options)
        network._network = None
        network.provide(b"")
        return network

    return make


def find_process(network: NetworkFile) -> int:
    return int(network.run(NOTHING)["x"][0, 0])


def test_one_child_runs_a_network_until_all_is_tried(
    provide: Callable[..., NetworkFile],
) -> None:
    network, other = provide(), provide()
    with trying_networks():
        child = find_process(network)
        assert child != os.getpid()
        assert find_process(network) == child
        assert find_process(other) not in (child, os.getpid())
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert find_process(network) == os.getpid()


def fail() -> None:
    raise ValueError("it does not answer")


def test_what_a_network_raises_is_raised_here(
    provide: Callable[..., NetworkFile],
) -> None:
    network = provide(act=fail)
    with trying_networks(), pytest.raises(ValueError, match="it does not answer"):
        network.run(NOTHING)


def test_a_child_that_ends_is_noticed(provide: Callable[..., NetworkFile]) -> None:
    network = provide(act=lambda: os._exit(1))
    with trying_networks(), pytest.raises(EOFError):
        network.run(NOTHING)


def test_a_network_that_is_loaded_here_runs_here(
    provide: Callable[..., NetworkFile],
) -> None:
    network = provide()
    assert find_process(network) == os.getpid()
    with trying_networks():
        assert find_process(network) == os.getpid()
