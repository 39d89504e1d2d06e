"""A real nginx before servers of ours, as deploy/nginx.conf has it."""

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from pipelines import ROOT
from server import NO_TLS, PATIENCE_SECONDS

LISTENS = "listen 8080;"
SERVERS = ("service-1:8000", "service-2:8000")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class ReservedPort:
    """A port that nobody else is given, though a server of ours may come and go on it.

    A socket that is bound and does not listen keeps it from being chosen for another;
    one that asks for it by its number, with SO_REUSEADDR as servers do, has it.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def free(self) -> None:
        """Give it back."""
        self._socket.close()


class Nginx:
    """An nginx with a key for the servers behind it."""

    def __init__(self, folder: Path, key: str) -> None:
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            pytest.skip("nginx is not installed")
        self._program = program
        self._folder = folder
        self._port = ReservedPort()
        self._process: subprocess.Popen[str] | None = None
        self.key = key
        self.lines: list[str] = []
        self._is_started = threading.Event()
        self._reader = threading.Thread(target=self._read)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port.number

    @property
    def url(self) -> str:
        """The address that callers know."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, ports: Sequence[int]) -> None:
        """Start it before servers on these ports, and wait until it listens."""
        path = self._folder / "nginx.conf"
        path.write_text(self._write_configuration(ports))
        own = f"daemon off; pid {self._folder}/pid; error_log stderr notice;"
        if os.geteuid() == 0:  # its workers have to reach the folder
            own += " user root;"
        self._process = subprocess.Popen(
            [self._program, "-e", "stderr", "-c", str(path), "-g", own],
            stderr=subprocess.PIPE,
            text=True,
            errors="backslashreplace",  # a line may quote whatever was sent
        )
        self._reader.start()
        assert self._is_started.wait(PATIENCE_SECONDS), "".join(self.lines)

    def connect(self, key: str = "", address: str = "127.0.0.1") -> httpx.Client:
        """Return a client that calls from an address, with connections of its own."""
        return httpx.Client(
            transport=httpx.HTTPTransport(verify=NO_TLS, local_address=address),
            base_url=self.url,
            headers={"X-API-Key": key or self.key},
            timeout=PATIENCE_SECONDS,
        )

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(PATIENCE_SECONDS)
            self._reader.join()
            if self._process.stderr:
                self._process.stderr.close()
        self._port.free()

    def _write_configuration(self, ports: Sequence[int]) -> str:
        """Return what ops are given, with other addresses and folders."""
        text = (ROOT / "deploy/nginx.conf").read_text()
        folders = "".join(
            f"{name}_temp_path {self._folder / name};\n" for name in TEMPORARY
        )
        changes = {
            LISTENS: f"listen 127.0.0.1:{self.port};",
            "http {\n": f"http {{\n{folders}",
            **{
                server: f"127.0.0.1:{port}"
                for server, port in zip(SERVERS, ports, strict=True)
            },
        }
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        return text

    def _read(self) -> None:
        assert self._process is not None
        for line in self._process.stderr or ():
            self.lines.append(line)
            if "start worker process " in line:
                self._is_started.set()
