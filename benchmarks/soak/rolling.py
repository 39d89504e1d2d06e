"""Two servers behind nginx, stopped and started in turn under load."""

import asyncio
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from balancer import Nginx, ReservedPort

from benchmarks.environments import prepare_program
from benchmarks.ours import Ours
from benchmarks.places import CREDIT
from benchmarks.soak.caller import Outcome, call_while
from benchmarks.soak.findings import Finding, count_wrong
from benchmarks.soak.samples import prepare_samples
from benchmarks.soak.service import Service, serve

PHASE = "rolling restart"
CALLERS = 8
REQUESTS = 5000
SETTINGS = {"SERVICE_TRUSTED_PROXIES": "1", "SERVICE_LAME_DUCK_SECONDS": "1"}


def measure_rolling_restart(server: Ours) -> Iterator[Finding]:
    """Stop each server by SIGTERM and start it again, in 5,000 requests or more."""
    prepare_program("nginx", "nginx-light")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = [ReservedPort(), ReservedPort()]
        for port in ports:
            stack.callback(port.free)

        def start(port: ReservedPort) -> Service:
            return stack.enter_context(serve(server, CREDIT, port.number, **SETTINGS))

        services = [start(port) for port in ports]
        samples = prepare_samples(services[0])
        nginx = Nginx(folder, "")
        stack.callback(nginx.stop)
        nginx.start([port.number for port in ports])

        def restart(index: int) -> None:
            process = services[index].running.root
            process.send_signal(signal.SIGTERM)
            process.wait()
            services[index] = start(ports[index])

        async def roll(outcomes: list[Outcome]) -> None:
            for index in (0, 1):
                await asyncio.sleep(1)
                await asyncio.to_thread(restart, index)
            while len(outcomes) < REQUESTS:
                await asyncio.sleep(0.1)

        outcomes = asyncio.run(call_while(nginx.port, CALLERS, samples, roll))
    failed, detail = count_wrong(outcomes), f"of {len(outcomes):,}"
    yield Finding(PHASE, "failed requests", failed, most=0, detail=detail)
