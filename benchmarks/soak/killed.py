"""Workers killed at random under load."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.places import CREDIT
from benchmarks.soak.caller import Outcome, call_while
from benchmarks.soak.findings import Finding
from benchmarks.soak.questions import prepare_questions
from benchmarks.soak.service import Service, serve
from benchmarks.workload import build_workload

PHASE = "workers killed"
CALLERS = 8
SECONDS = 30.0


def measure_killed_workers() -> Iterator[Finding]:
    """Kill a worker every second or so, and see whose requests are lost."""
    victims: set[int] = set()
    kills = 0
    with serve(CREDIT) as service:
        questions = prepare_questions(
            service.ours, build_workload(CREDIT), service.port, 1, 64
        )

        async def kill(_: list[Outcome]) -> None:
            nonlocal kills
            draw = random.Random(0)
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                await asyncio.sleep(draw.uniform(0.5, 1.5))
                workers = service.workers
                if workers:
                    victims.update(_kill(service, draw.choice(workers)))
                    kills += 1

        seen = asyncio.run(call_while(service.port, CALLERS, questions, kill))
    lost = [each for each in seen if not each.status]
    inside = sum(each.port in victims for each in lost)
    yield Finding(PHASE, f"requests lost inside {kills} killed workers", inside)
    outside = len(lost) - inside
    yield Finding(PHASE, "requests lost elsewhere", outside, most=0)
    wrong = sum(bool(each.status) and not each.is_right for each in seen)
    counted = f"answers that are not right, of {len(seen) - len(lost):,}"
    yield Finding(PHASE, counted, wrong, most=0)


def _kill(service: Service, pid: int) -> set[int]:
    """Kill a worker, and return the ports of the callers whom it had accepted."""
    os.kill(pid, signal.SIGSTOP)
    callers = _find_callers(pid, service.port)
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
