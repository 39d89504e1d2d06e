"""A network that hangs in a fork of whatever process has run it, run by a child.

A server loads a model once, tries it, and forks workers from what it has loaded. So it
tries such a network in a child of its own, and each worker loads it anew.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NoReturn

import numpy as np

from service.model.runtimes.network import Network

Load = Callable[[], Network]


class Trial:
    """The children that run networks, by what loads these."""

    def __init__(self) -> None:
        self._children: dict[Load, Child] = {}

    def run(
        self, load: Load, inputs: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return what a network answers. Raises what it raises, or EOFError."""
        if load not in self._children:
            self._children[load] = Child(load)
        return self._children[load].run(inputs)

    def end(self) -> None:
        """End the children, the last first: each has inherited the pipes of others.

        While one of these is open, the child that reads it waits.
        """
        for child in reversed(self._children.values()):
            child.end()


class Child:
    """A fork of this process that loads a network, and runs it."""

    def __init__(self, load: Load) -> None:
        self._connection, other = Pipe()
        self._process = os.fork()
        if self._process == 0:
            self._connection.close()
            _answer(other, load)
        other.close()

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        self._connection.send(dict(inputs))
        found: dict[str, np.ndarray] | Exception = self._connection.recv()
        if isinstance(found, Exception):
            raise found
        return found

    def end(self) -> None:
        """Let it end, and wait for that."""
        self._connection.close()
        os.waitpid(self._process, 0)


def _answer(connection: Connection, load: Load) -> NoReturn:
    """Run a network for the parent, until that wants no more. It never returns."""
    try:
        network: Network | None = None
        while True:
            inputs = connection.recv()
            try:
                network = network or load()
                connection.send(network.run(inputs))
            except Exception as error:  # noqa: BLE001 - it is raised in the parent
                connection.send(error)
    finally:  # also where the parent has closed the connection, or ended
        os._exit(0)


_trial: ContextVar[Trial | None] = ContextVar("networks run by children", default=None)


def find_trial() -> Trial | None:
    """Return what is to run a network that must not be loaded here, if anything."""
    return _trial.get()


@contextmanager
def trying_networks() -> Iterator[None]:
    """Within this, load no network that would hang in the forks of this process."""
    trial = Trial()
    token = _trial.set(trial)
    try:
        yield
    finally:
        _trial.reset(token)
        trial.end()
