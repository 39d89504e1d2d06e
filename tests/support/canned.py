"""A tiny real server of HTTP that answers every request alike."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class CannedServers:
    """Servers on free ports; `asked` are the targets of all requests."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._servers: list[ThreadingHTTPServer] = []

    def serve(
        self,
        status: int,
        content: bytes,
        *,
        seconds_ahead: float = 0.0,
        location: str = "",
    ) -> str:
        """Serve one answer to every request; returns the address.

        By `seconds_ahead` its clock is ahead of this one.
        """
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def date_time_string(self, timestamp: float | None = None) -> str:
                now = time.time() if timestamp is None else timestamp
                return super().date_time_string(int(now + seconds_ahead))

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        return f"http://127.0.0.1:{server.server_port}"

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
