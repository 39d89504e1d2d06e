"""An nginx that does for a stock worker what a proxy can do for it."""

from collections.abc import Sequence
from pathlib import Path

from balancer import TEMPORARY, Nginx

# It waits for slow callers, answers with 504 at the deadline, refuses with 503 what the
# workers would not take on, and asks the other worker where one died: what a worker of
# ours does alone, but for the last.
CONFIGURATION = """
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    {folders}
    access_log off;
    limit_conn_zone $server_name zone=all:1m;
    limit_conn_status 503;
    upstream service {{
        # It is the same server; one entry is tried once.
        server 127.0.0.1:{upstream} max_fails=0;
        server 127.0.0.1:{upstream} max_fails=0;
        server 127.0.0.1:{upstream} max_fails=0 backup;
        server 127.0.0.1:{upstream} max_fails=0 backup;
        keepalive 64;
        keepalive_requests 1000000;
        keepalive_timeout 60s;
    }}
    server {{
        server_name service;
        listen 127.0.0.1:{port};
        keepalive_requests 1000000;
        client_max_body_size 8388608;
        client_body_buffer_size 256k;
        client_header_timeout 15s;
        client_body_timeout 15s;
        proxy_request_buffering on;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_read_timeout {deadline}s;
        proxy_next_upstream error non_idempotent;
        location / {{ proxy_pass http://service; }}
        location = /v1/predict {{
            limit_conn all {in_flight};
            proxy_pass http://service;
        }}
    }}
}}
"""


class Proxy(Nginx):
    """An nginx before one server, with its deadline and its limit of requests."""

    def __init__(self, folder: Path, deadline: str, in_flight: int) -> None:
        super().__init__(folder, key="")
        self._deadline = deadline
        self._in_flight = in_flight

    def _write_configuration(self, ports: Sequence[int]) -> str:
        [upstream] = ports
        return CONFIGURATION.format(
            folders=" ".join(f"{n}_temp_path {self._folder / n};" for n in TEMPORARY),
            upstream=upstream,
            port=self.port,
            deadline=self._deadline,
            in_flight=self._in_flight,
        )
