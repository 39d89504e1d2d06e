"""A real nginx before one server, that says of each request what became of it."""

import json
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from balancer import TEMPORARY, Nginx
from server import PATIENCE_SECONDS

# More than are ever used at once, so that none is closed for want of room.
KEPT_CONNECTIONS = 32

# nginx keeps a body until it is whole, or forwards what comes, and chunks as chunks.
BUFFERING = ("on", "off")

FIELDS = {
    "request_id": "request_id",
    "method": "request_method",
    "target": "request_uri",
    "status": "status",
    "address": "upstream_addr",
    "upstream_status": "upstream_status",
    "answered_id": "upstream_http_x_request_id",
    "buffering": "server_name",
}

CONFIGURATION = """
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    {folders}
    log_format seen escape=json '{format}';
    access_log {folder}/seen.log seen;
    upstream service {{
        server 127.0.0.1:{port} max_fails=0;
        keepalive {kept};
        keepalive_requests 1000000;
    }}
    client_max_body_size 8388608;
    # It would wait in vain for more from callers that have sent all.
    lingering_close off;
    lingering_timeout 20ms;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Request-ID $request_id;
    # Each is forwarded once, also where its caller sends no more.
    proxy_next_upstream off;
    proxy_ignore_client_abort on;
    {servers}
}}
"""
SERVER = """
    server {{
        server_name {buffering};
        listen unix:{socket};
        proxy_request_buffering {buffering};
        location / {{ proxy_pass http://service; }}
    }}
"""


@dataclass(frozen=True)
class Seen:
    """What nginx says of a request, the service being its upstream.

    `address` is empty where it was not forwarded. `answered_id` is the id in the answer
    that nginx took for the answer to this request.
    """

    request_id: str
    method: str
    target: str
    status: str
    address: str
    upstream_status: str
    answered_id: str
    buffering: str

    @property
    def is_answered(self) -> bool:
        """Whether the service answered it."""
        return self.upstream_status not in ("", "-")

    @property
    def is_given_up(self) -> bool:
        """Whether nginx forwarded a part, and then saw that the rest is malformed."""
        return bool(self.address) and not self.is_answered


class Front(Nginx):
    """An nginx that keeps its connections to a server, and gives requests their ids."""

    def connect_socket(self, buffering: str) -> socket.socket:
        """Return a connection to where it does, or does not, wait for whole bodies."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(str(self._folder / buffering))
        return connection

    def finish(self) -> list[Seen]:
        """End it once nothing is under way, and return all that it has seen."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(PATIENCE_SECONDS)
        text = (self._folder / "seen.log").read_text("latin-1")
        return [Seen(**json.loads(line)) for line in text.split("\n") if line]

    def _write_configuration(self, ports: Sequence[int]) -> str:
        [port] = ports
        servers = (
            SERVER.format(buffering=each, socket=self._folder / each)
            for each in BUFFERING
        )
        return CONFIGURATION.format(
            folder=self._folder,
            folders=" ".join(f"{n}_temp_path {self._folder / n};" for n in TEMPORARY),
            format=json.dumps({name: f"${field}" for name, field in FIELDS.items()}),
            port=port,
            kept=KEPT_CONNECTIONS,
            servers="".join(servers),
        )
