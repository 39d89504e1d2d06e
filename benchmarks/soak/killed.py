"""Workers killed at random under load."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ours import Ours
from benchmarks.places import CREDIT
from benchmarks.soak.caller import Outcome, call_while
from benchmarks.soak.findings import Finding, count_wrong
from benchmarks.soak.samples import prepare_samples
from benchmarks.soak.service import serve

PHASE = "workers killed"
CALLERS = 8
SECONDS = 30.0


def measure_killed_workers(server: Ours) -> Iterator[Finding]:
    """Kill a worker every second or so, and see whose requests are lost."""
    victims: set[int] = set()
    kills = 0
    with serve(server, CREDIT) as service:

        async def kill(_: list[Outcome]) -> None:
            nonlocal kills
            draw = random.Random(0)
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                await asyncio.sleep(draw.uniform(0.5, 1.5))
                if workers := service.workers:
                    victims.update(_kill(draw.choice(workers), service.own_port))
                    kills += 1

        samples = prepare_samples(service)
        outcomes = asyncio.run(call_while(service.port, CALLERS, samples, kill))
    lost = [each for each in outcomes if not each.status]
    # A proxy hides who was connected to a worker: all is taken to be lost inside.
    is_proxied = service.port != service.own_port
    inside = sum(is_proxied or each.port in victims for each in lost)
    measure, detail = "requests lost inside killed workers", f"{kills} of them"
    yield Finding(PHASE, measure, inside, detail=detail)
    yield Finding(PHASE, "requests lost elsewhere", len(lost) - inside, most=0)
    wrong = count_wrong(outcomes) - len(lost)
    detail = f"of {len(outcomes) - len(lost):,}"
    yield Finding(PHASE, "answers that are not right", wrong, most=0, detail=detail)


def _kill(pid: int, port: int) -> set[int]:
    """Kill a worker, and return the ports of the callers whom it had accepted."""
    os.kill(pid, signal.SIGSTOP)
    callers = _find_callers(pid, port)
    os.kill(pid, signal.SIGKILL)
    return callers


def _find_callers(pid: int, port: int) -> set[int]:
    """Return the far ends of a process's connections on a port.

    https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
    """
    held = {os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()}
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    callers = set()
    for _, here, there, *rest in map(str.split, lines):
        if int(here.split(":")[1], 16) == port and f"socket:[{rest[6]}]" in held:
            callers.add(int(there.split(":")[1], 16))
    return callers
