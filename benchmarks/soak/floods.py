"""Floods that no good caller makes, beside a caller that is good."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from benchmarks.ours import Ours
from benchmarks.places import CREDIT
from benchmarks.soak.caller import Outcome
from benchmarks.soak.findings import (
    Finding,
    count_wrong,
    fill_waits,
    find_percentile,
)
from benchmarks.soak.flooding import CHUNK_BYTES, CHUNKING, HEADS, IDLE
from benchmarks.soak.samples import Sample, prepare_samples, write_request
from benchmarks.soak.service import serve
from benchmarks.soak.turns import Observations, Turns
from benchmarks.workload import build_workload

# One request in so many ends its connection: the next needs one more, which a flood may
# have left no room for.
RECONNECTING = 8

# Longer than a quiet answer takes: what takes longer is counted for so much of it.
PACE_SECONDS = 0.01

# Two workers may hold 64 MiB each of what arrives, and as much of what is not read.
MOST_MB = 256.0

# The largest predictions take a worker a tenth of a second each.
UNREAD, UNREAD_PREDICTIONS = 1000, 10
LARGEST = 10_000
ASSET = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def measure_idle(server: Ours) -> Iterator[Finding]:
    """Open more connections than two workers keep."""
    yield from _measure(server, f"{IDLE:,} idle connections", "idle")


def measure_unread(server: Ours) -> Iterator[Finding]:
    """Ask for the largest asset and for large predictions, and read neither."""
    rows = itertools.islice(itertools.cycle(build_workload(CREDIT).instances), LARGEST)
    server.prepare(CREDIT)
    large = write_request(server, list(rows))
    between = UNREAD // UNREAD_PREDICTIONS
    requests = [ASSET if turn % between else large for turn in range(UNREAD)]
    yield from _measure(server, f"{UNREAD:,} unread answers", "unread", requests)


def measure_chunks(server: Ours) -> Iterator[Finding]:
    """Send the largest body in chunks of each tiny size."""
    server.prepare(CREDIT)
    request = write_request(server, build_workload(CREDIT).instances[:1])
    for size in CHUNK_BYTES:
        phase = f"{CHUNKING} bodies of {size}-byte chunks"
        yield from _measure(server, phase, f"chunks-{size}", [request])


def measure_wrong(server: Ours) -> Iterator[Finding]:
    """Ask for many instances that have nothing in them, again and again."""
    server.prepare(CREDIT)
    request = write_request(server, LARGEST * [{}])
    yield from _measure(server, f"{LARGEST:,} wrong instances", "wrong", [request])


def measure_heads(server: Ours) -> Iterator[Finding]:
    """Send heads that never end."""
    yield from _measure(server, f"{HEADS} heads a byte at a time", "heads")


def _measure(
    server: Ours, phase: str, flood: str, requests: Sequence[bytes] = ()
) -> Iterator[Finding]:
    with serve(server, CREDIT) as service:
        samples = prepare_samples(service)
        samples[::RECONNECTING] = map(_end_connection, samples[::RECONNECTING])
        turns = Turns(service, flood, requests)
        yield from _judge(phase, asyncio.run(turns.take(samples)))


def _end_connection(sample: Sample) -> Sample:
    line = b"\r\nConnection: close\r\n\r\n"
    return replace(sample, request=sample.request.replace(b"\r\n\r\n", line, 1))


def _compare(beside: list[Outcome], quiet: list[Outcome]) -> float:
    """Return how many times as long a turn's caller waited for 99 in 100 answers."""
    slow, usual = (
        find_percentile(fill_waits(outcomes, PACE_SECONDS), 0.99)
        for outcomes in (beside, quiet)
    )
    return slow / usual


def _judge(phase: str, seen: Observations) -> Iterator[Finding]:
    ratios = map(_compare, seen.beside, seen.quiet)
    measure = "p99 of another caller, of its quiet one, in the middle turn"
    yield Finding(phase, measure, median(ratios), most=3.0)
    slowest = max(each.seconds for each in seen.answers)
    yield Finding(phase, "the longest that it waited", slowest, "s")
    measure, detail = (
        "its requests without the right answer",
        f"of {len(seen.answers):,}",
    )
    yield Finding(phase, measure, count_wrong(seen.answers), most=0, detail=detail)
    grown = max(0.0, seen.most - seen.before)
    measure, detail = "memory of the workers, more", f"than {seen.before:.0f} MB before"
    yield Finding(phase, measure, grown, "MB", most=MOST_MB, detail=detail)
    after = seen.after / seen.before
    yield Finding(phase, "their memory after it, of that before", after, most=1.2)
    yield Finding(phase, "memory of the kernel for TCP, more", seen.kernel, "MB")
    measure = "the longest until the workers were quiet again"
    yield Finding(phase, measure, seen.busy_seconds, "s")
    yield Finding(phase, "connections that are left of it", seen.left, most=0)
    yield Finding(phase, "workers replaced", seen.replaced, most=0)
