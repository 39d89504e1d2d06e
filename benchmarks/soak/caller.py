"""A caller over one connection, and what became of each of its requests."""

import asyncio
import itertools
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from benchmarks.soak.samples import Sample

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

# Far above every bound: what takes longer is lost.
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer, or with status 0 that there was none.

    `port` is the caller's own, 0 where it was not connected; `is_first` is whether its
    connection was a new one.
    """

    status: int
    seconds: float
    is_right: bool = False
    port: int = 0
    is_first: bool = False


class Caller:
    """Asks one request at a time, and connects again where the connection ended."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, sample: Sample) -> Outcome:
        """Ask, and return what became of it."""
        begin = time.perf_counter()
        port, is_first = 0, self._streams is None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                reader, writer = await self._connect()
                port = writer.get_extra_info("sockname")[1]
                writer.write(sample.request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            self.close()
            seconds = time.perf_counter() - begin
            return Outcome(0, seconds, port=port, is_first=is_first)
        seconds = time.perf_counter() - begin
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return Outcome(int(head[9:12]), seconds, sample.fits(body), port, is_first)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                "127.0.0.1", self._port, limit=2**20
            )
        return self._streams

    def close(self) -> None:
        """Connect anew for the next request."""
        if self._streams:
            self._streams[1].close()
            self._streams = None


async def call_while(
    port: int,
    callers: int,
    samples: Sequence[Sample],
    meanwhile: Callable[[list[Outcome]], Awaitable[object]],
) -> list[Outcome]:
    """Let callers ask over and over while something goes on; return the outcomes.

    It may look at those so far; each caller finishes its last request.
    """
    goes_on = True
    outcomes: list[Outcome] = []

    async def ask_repeatedly(number: int) -> None:
        caller = Caller(port)
        for turn in itertools.count(number):
            if not goes_on:
                break
            outcomes.append(await caller.ask(samples[turn % len(samples)]))
        caller.close()

    tasks = [asyncio.create_task(ask_repeatedly(number)) for number in range(callers)]
    try:
        await meanwhile(outcomes)
    finally:
        goes_on = False
        await asyncio.gather(*tasks)
    return outcomes


async def call_for(
    port: int, callers: int, samples: Sequence[Sample], seconds: float
) -> list[Outcome]:
    """Let callers ask over and over for some seconds."""
    return await call_while(port, callers, samples, lambda _: asyncio.sleep(seconds))
