"""Starts the process that has the device, and starts it again when it has ended.

It is spawned, and so has nothing of its parent's: no process that CUDA is used in may
be forked, and workers are.
"""

import logging
import os
import select
import subprocess
import sys
import time
import uuid
from pathlib import Path

import msgspec

from service.model.device.client import DeviceClient
from service.model.device.places import has_driver
from service.model.errors import DeviceLostError

logger = logging.getLogger("service")

STARTED = "device_started"
ENDED = "device_ended"
NOT_USED = "device_not_used"

SOURCE = Path(__file__).parents[3]

# CUDA begins in some seconds, and a large network is read and proved meanwhile.
START_SECONDS = 120.0

READ_BYTES = 2**16


class Orders(msgspec.Struct, frozen=True):
    """What the process is to run, and where; written as JSON.

    `alive` is a descriptor that ends with the server, and on `saying` it says what it
    runs, or the reason why it does not.
    """

    artefact: str
    place: str
    patience_seconds: float
    log_level: str
    address: str = ""
    alive: int = 0
    saying: int = 0


class Running(msgspec.Struct, frozen=True):
    """What the process says: the digests of the networks that it runs, or a reason."""

    name: str = ""
    networks: frozenset[str] = frozenset()
    reason: str = ""


class DeviceProcess:
    """The process that runs the networks of a server's artefact for its workers.

    Its sockets are in the server's folder. It gets an end of a pipe whose other end is
    its server's and the workers': it ends when the last of these has.
    """

    def __init__(self, folder: Path, orders: Orders, client: DeviceClient) -> None:
        self.client = client
        self.name = ""
        self._folder, self._orders = folder, orders
        self._alive, self._held = os.pipe()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens. Raises DeviceLostError, saying why."""
        said, saying = os.pipe()
        address = str(self._folder / f"device-{uuid.uuid4()}")
        orders = msgspec.structs.replace(
            self._orders, address=address, alive=self._alive, saying=saying
        )
        try:
            self._process = _spawn(orders)
        finally:
            os.close(saying)
        try:
            running = _listen(said)
        except DeviceLostError:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            os.close(said)
        self.name = running.name
        self.client.begin(address, running.networks)
        extra = {"device": orders.place, "device_name": running.name}
        logger.info(STARTED, extra={"pid": self._process.pid, **extra})

    def keep(self) -> None:
        """Start it again if it has ended. Raises DeviceLostError."""
        assert self._process is not None  # noqa: S101 - for mypy
        if self._process.poll() is not None:
            logger.error(ENDED)
            self.start()

    def release(self) -> None:
        """Close the pipe, so that it ends."""
        os.close(self._held)
        os.close(self._alive)


def start_device(
    folder: Path, orders: Orders, least_rows: int, *, is_wanted: bool
) -> DeviceProcess | None:
    """Start the process with the device. Raises DeviceLostError.

    Where it is not wanted by name, there is none then.
    """
    if not (is_wanted or has_driver()):
        return None
    process = DeviceProcess(folder, orders, DeviceClient(least_rows))
    try:
        process.start()
    except DeviceLostError as error:
        process.release()
        if is_wanted:
            raise
        logger.warning(NOT_USED, extra={"reason": str(error)})
        return None
    return process


def _spawn(orders: Orders) -> subprocess.Popen[bytes]:
    path = filter(None, (str(SOURCE), os.environ.get("PYTHONPATH")))
    return subprocess.Popen(  # noqa: S603 - no shell
        [sys.executable, "-m", "service.device", msgspec.json.encode(orders)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        stdin=subprocess.DEVNULL,
        pass_fds=(orders.alive, orders.saying),
        start_new_session=True,
    )


def _listen(said: int) -> Running:
    """Return what the process says of itself. Raises DeviceLostError."""
    text, ends = b"", time.monotonic() + START_SECONDS
    while True:
        ready, _, _ = select.select([said], [], [], max(0.0, ends - time.monotonic()))
        if not ready:
            raise DeviceLostError(
                f"The process with the device was not ready in {START_SECONDS:.0f} s."
            )
        part = os.read(said, READ_BYTES)
        if not part:
            break
        text += part
    if not text:
        raise DeviceLostError("The process with the device ended at its start.")
    running = msgspec.json.decode(text, type=Running)
    if running.reason:
        raise DeviceLostError(running.reason)
    return running
