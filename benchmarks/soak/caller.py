"""A caller over one connection, and what became of each of its requests."""

import asyncio
import itertools
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from benchmarks.soak.questions import Question

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

# Far above every bound: what takes longer is lost.
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer, or with status 0 that there was none.

    `port` is the caller's own, 0 where it was not connected.
    """

    status: int
    seconds: float
    is_right: bool = False
    port: int = 0


class Caller:
    """Asks one request at a time, and connects again where the connection ended."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, question: Question) -> Outcome:
        """Ask, and return what became of it."""
        begin = time.perf_counter()
        own = 0
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                reader, writer = await self._connect()
                own = writer.get_extra_info("sockname")[1]
                writer.write(question.request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            self.close()
            outcome = Outcome(0, time.perf_counter() - begin, port=own)
        else:
            seconds = time.perf_counter() - begin
            outcome = Outcome(int(head[9:12]), seconds, question.fits(body), own)
            if b"\r\nconnection: close" in head.lower():
                self.close()
        return outcome

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
    questions: Sequence[Question],
    meanwhile: Callable[[list[Outcome]], Awaitable[object]],
) -> list[Outcome]:
    """Let callers ask over and over while something goes on, and return what they saw.

    It may look on; each caller finishes the request that it is at.
    """
    goes_on = True
    seen: list[Outcome] = []

    async def ask_on(number: int) -> None:
        caller = Caller(port)
        for turn in itertools.count(number):
            if not goes_on:
                break
            seen.append(await caller.ask(questions[turn % len(questions)]))
        caller.close()

    tasks = [asyncio.create_task(ask_on(number)) for number in range(callers)]
    try:
        await meanwhile(seen)
    finally:
        goes_on = False
        await asyncio.gather(*tasks)
    return seen


async def call_for(
    port: int, callers: int, questions: Sequence[Question], seconds: float
) -> list[Outcome]:
    """Let callers ask over and over for some seconds."""
    return await call_while(port, callers, questions, lambda _: asyncio.sleep(seconds))
