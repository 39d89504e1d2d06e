"""An event loop with one caller: real sockets, and no threads beside the test's."""

import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack

from gunicorn.config import Config
from gunicorn.workers.gthread import PollableMethodQueue
from server import PATIENCE_SECONDS

from service.server.balance import Balance
from service.server.connection import Connection
from service.server.connections import Connections
from service.server.http_exchange import HttpExchange
from service.server.in_flight import InFlight
from service.server.intake import Intake
from service.server.transport import Transport
from service.settings import Settings

# More than is read at first, and no more than a socket keeps unread.
LARGE_BYTES = 100 * 1024

SLOT = 3


class Loop:
    """The connections of a worker, and a caller; what it asks for is in `taken`."""

    def __init__(self, stack: ExitStack) -> None:
        self.poller = stack.enter_context(selectors.DefaultSelector())
        self.listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.listener.setblocking(False)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * LARGE_BYTES)
        self._stack = stack
        self.balance = Balance()
        self.connections = Connections(self.poller, self.balance, SLOT, 2)
        stack.callback(self.close)
        queue = PollableMethodQueue()
        queue.init()
        stack.callback(queue.close)
        self.poller.register(queue, selectors.EVENT_READ, queue.run_callbacks)
        self.taken: list[HttpExchange] = []
        self.in_flight = InFlight(Settings(), threads=1)
        intake = Intake(
            Config(),
            Settings(),
            take_on=self.taken.append,
            refuse=lambda *_: None,
            find_refusal=self.in_flight.find_refusal,
        )
        self.transport = Transport(self.connections, intake, queue.defer)
        self.caller = self.connect()

    def connect(self) -> socket.socket:
        """Return another caller, once it is accepted."""
        address = self.listener.getsockname()
        caller = self._stack.enter_context(socket.create_connection(address))
        caller.settimeout(PATIENCE_SECONDS)
        assert self.connections.accept(self.listener)
        return caller

    @property
    def connection(self) -> Connection:
        """The only one."""
        [connection] = self.connections
        return connection

    def turn(self) -> None:
        """Do one turn, once something has happened."""
        for key, _ in self.poller.select(PATIENCE_SECONDS):
            key.data(key.fileobj)

    def ask(self, request: bytes) -> HttpExchange:
        """Let the caller ask, and return what is taken on then."""
        self.caller.sendall(request)
        count = len(self.taken)
        while len(self.taken) == count:
            self.turn()
        return self.taken[-1]

    def close(self) -> None:
        for connection in self.connections:
            self.connections.close(connection)


def open_loop() -> Iterator[Loop]:
    """Yield a loop with one connection: the body of a fixture."""
    with ExitStack() as stack:
        yield Loop(stack)
