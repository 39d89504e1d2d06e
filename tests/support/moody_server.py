"""A server of the moody model, and callers that ask it in the background."""

import contextlib
import itertools
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import httpx
from moods import HELD
from server import NO_TLS, PATIENCE_SECONDS, Server


class Moody:
    """A server of the moody model, what its mood is, and what it was asked."""

    def __init__(self, server: Server, mood: Path, pool: ThreadPoolExecutor) -> None:
        self.server = server
        self._mood = mood
        self._pool = pool
        self._begun: list[Future[httpx.Response]] = []
        self._holds = itertools.count()

    def ask(self, x: float, **headers: str) -> httpx.Response:
        """Ask over a connection of its own."""
        return httpx.post(
            f"{self.server.url}/v1/predict",
            json={"instances": [{"x": x}]},
            headers={"X-API-Key": self.server.key, **headers},
            timeout=PATIENCE_SECONDS,
            verify=NO_TLS,
        )

    def begin(self, x: float, **headers: str) -> Future[httpx.Response]:
        """Ask in the background."""
        self._begun.append(self._pool.submit(self.ask, x, **headers))
        return self._begun[-1]

    def fill(
        self, in_flight: int
    ) -> tuple[httpx.Response, set[Future[httpx.Response]]]:
        """Hold all that a worker takes; return the answer to one more, and the held."""
        asked = [self.begin(HELD) for _ in range(in_flight + 1)]
        done, held = wait(asked, return_when=FIRST_COMPLETED)
        [refused] = done
        return refused.result(), held

    def feel(self, mood: str) -> None:
        """Do to the value that may be held what moods.py says."""
        self._mood.write_text(mood)

    def hold(self) -> None:
        """Let the model hold what it is asked for, and let go of what it held."""
        self.feel(f"hold {next(self._holds)}")

    def let_go(self) -> None:
        """Let the model answer what it holds."""
        self.feel("")

    def finish(self) -> None:
        """Let go, and wait until all that was begun is answered and forgotten.

        A worker forgets a request a moment after its answer. Its loop answers health
        checks, which takes it longer.
        """
        self.let_go()
        wait(self._begun, timeout=PATIENCE_SECONDS)
        self._begun.clear()
        for _ in range(3):
            self.server.client.get("/health/live")


@contextlib.contextmanager
def run_moody(
    artefact: Path, folder: Path, mood: str = "hold", **variables: str
) -> Iterator[Moody]:
    """Boot a server that holds one value back until it is let go, and stop it."""
    path = folder / "mood"
    path.write_text(mood)
    server = Server(artefact, folder / "moody", {"MOOD_FILE": str(path), **variables})
    with ThreadPoolExecutor(32) as pool:
        moody = Moody(server, path, pool)
        try:
            server.wait_until_ready()
            yield moody
        finally:
            moody.let_go()
            server.stop()
