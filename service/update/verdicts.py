"""Verdicts over HTTP, for what asks a URL whether a rollout is to go on.

Such as Argo Rollouts' web metric: a verdict of three values needs it, since a Job can
only succeed or fail. Whoever may call decides the network: there is no key.
"""

import signal
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import FrameType
from typing import cast
from urllib.parse import parse_qs, urlsplit

import orjson

from service.update.addresses import SourceError
from service.update.judge import Judgement
from service.update.scales import Reason
from service.update.watch import Watch

PATH = "/verdict"


class VerdictServer(HTTPServer):
    """Looks whenever it is asked, one caller after another."""

    def __init__(self, watch: Watch, port: int) -> None:
        self._watch = watch
        super().__init__(("", port), _Handler)

    def run(self) -> None:
        """Answer until SIGTERM or an interrupt, and then exit with 0."""
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        print(f"listening on port {self.server_port}", flush=True)
        with self:
            self.serve_forever()

    def judge(self, weight: float | None) -> Judgement:
        """Return what a look says: what cannot be read leaves it undecided."""
        try:
            return self._watch.look(weight)
        except (SourceError, OSError) as error:
            return Judgement("undecided", (Reason("judge", "open", str(error)),))


class _Handler(BaseHTTPRequestHandler):
    timeout = 10  # a caller that sends nothing keeps the others waiting

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != PATH:
            self.send_error(404)
            return
        try:
            [weight] = map(float, parse_qs(parts.query).get("weight", ["nan"]))
        except ValueError:
            self.send_error(400, "weight is a number of percent")
            return
        server = cast(VerdictServer, self.server)
        body = orjson.dumps(asdict(server.judge(weight if weight >= 0 else None)))
        print(body.decode(), flush=True)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Leave the log to the judgements."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
