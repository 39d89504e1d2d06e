"""Floods that no good caller makes, beside one that is good."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from benchmarks.places import CREDIT
from benchmarks.soak.caller import Outcome
from benchmarks.soak.findings import Finding, fill_waits, find_percentile
from benchmarks.soak.flooding import CHUNK_BYTES, CHUNKING, HEADS, IDLE
from benchmarks.soak.questions import Question, prepare_questions, write_request
from benchmarks.soak.service import Service, serve
from benchmarks.soak.turns import Seen, Turns
from benchmarks.workload import build_workload

# One request in so many ends its connection: the next needs one more, which a flood may
# have left no room for.
ANEW = 8

# Longer than a quiet answer takes: what takes longer is counted for so much of it.
PACE_SECONDS = 0.01

# Two workers may hold 64 MiB each of what arrives, and as much of what is not read.
MOST_MB = 256.0

# The largest predictions take a worker a tenth of a second each.
UNREAD, UNREAD_PREDICTIONS = 1000, 10
LARGEST = 10_000
ASSET = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def measure_idle() -> Iterator[Finding]:
    """Open more connections than two workers keep."""
    with serve(CREDIT) as service:
        yield from _measure(service, f"{IDLE:,} idle connections", "idle")


def measure_unread() -> Iterator[Finding]:
    """Ask for the largest asset and for large predictions, and read neither."""
    workload = build_workload(CREDIT)
    rows = itertools.islice(itertools.cycle(workload.instances), LARGEST)
    with serve(CREDIT) as service:
        large = write_request(service.ours, list(rows))
        between = UNREAD // UNREAD_PREDICTIONS
        requests = [ASSET if turn % between else large for turn in range(UNREAD)]
        yield from _measure(service, f"{UNREAD:,} unread answers", "unread", requests)


def measure_chunks() -> Iterator[Finding]:
    """Send the largest body in chunks of each tiny size."""
    instances = build_workload(CREDIT).instances[:1]
    for size in CHUNK_BYTES:
        phase = f"{CHUNKING} bodies of {size}-byte chunks"
        with serve(CREDIT) as service:
            request = write_request(service.ours, instances)
            yield from _measure(service, phase, f"chunks-{size}", [request])


def measure_wrong() -> Iterator[Finding]:
    """Ask for many instances that have nothing in them, again and again."""
    with serve(CREDIT) as service:
        request = write_request(service.ours, LARGEST * [{}])
        yield from _measure(service, f"{LARGEST:,} wrong instances", "wrong", [request])


def measure_heads() -> Iterator[Finding]:
    """Send heads that never end."""
    with serve(CREDIT) as service:
        yield from _measure(service, f"{HEADS} heads a byte at a time", "heads")


def _measure(
    service: Service, phase: str, flood: str, requests: Sequence[bytes] = ()
) -> Iterator[Finding]:
    questions = prepare_questions(
        service.ours, build_workload(CREDIT), service.port, 1, 64
    )
    questions[::ANEW] = map(_end_connection, questions[::ANEW])
    turns = Turns(service, flood, requests)
    yield from _judge(phase, asyncio.run(turns.take(questions)))


def _end_connection(question: Question) -> Question:
    line = b"\r\nConnection: close\r\n\r\n"
    return replace(question, request=question.request.replace(b"\r\n\r\n", line, 1))


def _compare(beside: list[Outcome], quiet: list[Outcome]) -> float:
    """Return how many times as long a turn's caller waited for 99 in 100 answers."""
    slow, usual = (
        find_percentile(fill_waits(outcomes, PACE_SECONDS), 0.99)
        for outcomes in (beside, quiet)
    )
    return slow / usual


def _judge(phase: str, seen: Seen) -> Iterator[Finding]:
    ratios = map(_compare, seen.beside, seen.quiet)
    counted = "p99 of another caller, of its quiet one, in the middle turn"
    yield Finding(phase, counted, median(ratios), most=3.0)
    slowest = max(each.seconds for each in seen.answers)
    yield Finding(phase, "the longest that it waited", slowest, "s")
    wrong = sum(not each.is_right for each in seen.answers)
    counted = f"its requests without the right answer, of {len(seen.answers):,}"
    yield Finding(phase, counted, wrong, most=0)
    grown = max(0.0, seen.most - seen.before)
    counted = f"memory of the workers, more than their {seen.before:.0f} MB before"
    yield Finding(phase, counted, grown, "MB", most=MOST_MB)
    after = seen.after / seen.before
    yield Finding(phase, "their memory after it, of that before", after, most=1.2)
    yield Finding(phase, "memory of the kernel for TCP, more", seen.kernel, "MB")
    counted = "the longest until the workers were quiet again"
    yield Finding(phase, counted, seen.busy_seconds, "s")
    yield Finding(phase, "connections that are left of it", seen.left, most=0)
    yield Finding(phase, "workers replaced", seen.replaced, most=0)
