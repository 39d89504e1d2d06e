"""Two servers behind nginx, stopped and started in turn under load."""

import asyncio
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from balancer import Nginx, ReservedPort

from benchmarks.environments import prepare_program
from benchmarks.places import CREDIT
from benchmarks.soak.caller import Outcome, call_while
from benchmarks.soak.findings import Finding
from benchmarks.soak.questions import prepare_questions
from benchmarks.soak.service import serve
from benchmarks.workload import build_workload

PHASE = "rolling restart"
CALLERS = 8
REQUESTS = 5000
SETTINGS = {"SERVICE_TRUSTED_PROXIES": "1", "SERVICE_LAME_DUCK_SECONDS": "1"}


def measure_rolling_restart() -> Iterator[Finding]:
    """Stop each server by SIGTERM and start it again, in 5,000 requests or more."""
    prepare_program("nginx", "nginx-light")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = [ReservedPort(), ReservedPort()]
        for port in ports:
            stack.callback(port.free)
        servers = [
            stack.enter_context(serve(CREDIT, port.number, **SETTINGS))
            for port in ports
        ]
        questions = prepare_questions(
            servers[0].ours, build_workload(CREDIT), ports[0].number, 1, 64
        )
        nginx = Nginx(folder, "")
        stack.callback(nginx.stop)
        nginx.start([port.number for port in ports])

        def restart(index: int) -> None:
            server = servers[index].running.root
            server.send_signal(signal.SIGTERM)
            server.wait()
            port = ports[index].number
            servers[index] = stack.enter_context(serve(CREDIT, port, **SETTINGS))

        async def roll(seen: list[Outcome]) -> None:
            for index in (0, 1):
                await asyncio.sleep(1)
                await asyncio.to_thread(restart, index)
            while len(seen) < REQUESTS:
                await asyncio.sleep(0.1)

        seen = asyncio.run(call_while(nginx.port, CALLERS, questions, roll))
    failed = sum(not each.is_right for each in seen)
    yield Finding(PHASE, f"failed requests of {len(seen):,}", failed, most=0)
