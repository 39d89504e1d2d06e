"""The process that has the device: runs networks for the workers of a server.

A server starts it as `python -m service.device ORDERS`, which are JSON.
"""

import logging
import logging.config
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import msgspec

from service.lifeline import end_with
from service.model.artefact.folder import read_artefact
from service.model.device.owner import Owner
from service.model.device.places import describe_place, measure_memory
from service.model.device.process import Orders, Running
from service.model.errors import DeviceLostError, ModelError, write_line
from service.model.runtimes.device import CPU, loading_on
from service.model.runtimes.network import Network
from service.model.unpickling import unpickle_artefact
from service.web.monitoring.counts import COUNTS_LOCK, Counts
from service.web.monitoring.device_metrics import DEVICE_SLOT, DeviceInstruments
from service.web.monitoring.json_lines import build_log_config
from service.web.request import describe_fault

logger = logging.getLogger("service")

LOST = "device_lost"

SECONDS_BETWEEN_MEASUREMENTS = 1.0


class Observer:
    """Counts the runs, and measures the memory now and then."""

    def __init__(self, instruments: DeviceInstruments, place: str) -> None:
        self._instruments = instruments
        self._place = place
        self._next_measurement = 0.0
        instruments.starts.unlabelled.add()
        instruments.shortages.unlabelled.add(0)
        instruments.device[place, describe_place(place)].set(1)
        self._measure()

    def observe(self, rows: int) -> None:
        with COUNTS_LOCK:
            self._instruments.rows.unlabelled.observe(rows)
        self._measure()

    def count_shortage(self) -> None:
        self._instruments.shortages.unlabelled.add()

    def _measure(self) -> None:
        now = time.monotonic()
        if now >= self._next_measurement:
            self._next_measurement = now + SECONDS_BETWEEN_MEASUREMENTS
            self._instruments.memory.unlabelled.set(measure_memory(self._place))


def main(arguments: Sequence[str]) -> NoReturn:
    """Run networks until the server ends, or the device is lost."""
    orders = msgspec.json.decode(arguments[0], type=Orders)
    logging.config.dictConfig(build_log_config(orders.log_level))
    end_with(orders.alive)
    status = 1
    try:
        _run(orders)
        status = 0
    except DeviceLostError as error:
        logger.critical(LOST, extra={"reason": str(error)})
    except BaseException as fault:  # noqa: BLE001 - no message of it may be printed
        logger.critical(LOST, extra={"fault": describe_fault(fault)})
    os._exit(status)  # a device that is lost may hold up an orderly end


def _run(orders: Orders) -> None:
    try:
        networks = _load(orders)
    except ModelError as error:
        _say(orders.saying, Running(reason=write_line(str(error))))
        return
    counts = Counts(Path(orders.address).parent, DEVICE_SLOT)
    observer = Observer(DeviceInstruments(counts), orders.place)
    owner = Owner(
        orders.address,
        networks,
        orders.patience_seconds,
        observe=observer.observe,
        count_shortage=observer.count_shortage,
    )
    _say(orders.saying, Running(describe_place(orders.place), frozenset(networks)))
    owner.serve(orders.alive)


def _load(orders: Orders) -> Mapping[str, Network]:
    """Load the networks that run on a device, by digest. Raises ModelError."""
    with loading_on(orders.place):
        artefact = read_artefact(Path(orders.artefact))
        files = unpickle_artefact(artefact).networks
        fitting = [each for each in files if each.fits(orders.place)]
        if not fitting:
            where = "" if orders.place == CPU else f" that runs on {orders.place}"
            raise DeviceLostError(f"The model has no network{where}.")
        return {each.digest: each.network for each in fitting}


def _say(saying: int, running: Running) -> None:
    os.write(saying, msgspec.json.encode(running))
    os.close(saying)


if __name__ == "__main__":
    main(sys.argv[1:])
