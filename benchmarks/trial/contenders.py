"""The same application under each worker, alone and behind nginx."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.environments import GEVENT, prepare_program
from benchmarks.ours import Ours
from benchmarks.process import Running
from benchmarks.server import Launch
from benchmarks.trial.proxy import Proxy
from service.settings import Settings


class Gthread(Ours):
    """gunicorn's worker of threads: as many as its documentation takes for many."""

    name = "gthread"
    title = "gthread"
    setting = "`--worker-class gthread --threads 8`"
    command_line = f"{Ours.command_line} --worker-class gthread --threads 8"
    may_fail = True


class Gevent(Ours):
    """gunicorn's worker of greenlets, which patches the interpreter by itself."""

    name = "gevent"
    package = GEVENT
    title = "gevent"
    setting = "`--worker-class gevent --worker-connections 1000`"
    command_line = (
        f"{Ours.command_line} --worker-class gevent --worker-connections 1000"
    )
    may_fail = True


class Proxied(Ours):
    """A contender behind an nginx of its own."""

    def prepare(self, artefact: Path) -> None:
        """Install nginx, too."""
        super().prepare(artefact)
        prepare_program("nginx", "nginx-light")

    def environment(self, launch: Launch) -> dict[str, str]:
        """Take the caller's address from nginx."""
        return {**super().environment(launch), "SERVICE_TRUSTED_PROXIES": "1"}

    @contextmanager
    def run(self, launch: Launch, **variables: str) -> Iterator[tuple[Running, int]]:
        """Start it and its proxy, and yield the port of that."""
        settings = Settings.from_environment(variables)
        in_flight = launch.workers * settings.max_in_flight
        deadline = f"{settings.predict_timeout_seconds:g}"
        with (
            super().run(launch, **variables) as (running, port),
            tempfile.TemporaryDirectory() as folder,
        ):
            proxy = Proxy(Path(folder), deadline, in_flight)
            try:
                proxy.start([port])
                yield running, proxy.port
            finally:
                proxy.stop()


class ProxiedOurs(Proxied):
    """Ours."""

    name = "ours, nginx"
    title = "this service behind nginx"


class ProxiedGthread(Proxied, Gthread):
    """gthread."""

    name = "gthread, nginx"
    title = "gthread behind nginx"


class ProxiedGevent(Proxied, Gevent):
    """gevent."""

    name = "gevent, nginx"
    title = "gevent behind nginx"


# Each alone, and behind nginx: what is measured there only alone is asked of it alone.
ALONE: tuple[type[Ours], ...] = (Ours, Gthread, Gevent)
PROXIED: dict[type[Ours], type[Ours]] = {
    ProxiedOurs: Ours,
    ProxiedGthread: Gthread,
    ProxiedGevent: Gevent,
}
