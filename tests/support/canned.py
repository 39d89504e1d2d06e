"""A tiny real server of HTTP that answers every request alike."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class CannedServers:
    """Servers on free ports; `asked` are the targets of all requests."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._servers: list[ThreadingHTTPServer] = []

    def serve(self, status: int, content: bytes) -> str:
        """Serve one answer to every request; returns the address."""
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._servers.append(server)
        threading.Thread(target=server.serve_forever).start()
        return f"http://127.0.0.1:{server.server_port}"

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
