"""A real Redis on a socket file, which no other process can have taken."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from redis import Redis
from server import PATIENCE_SECONDS


class RedisServer:
    """A Redis that keeps nothing: started again, it is empty."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Return its address, as SERVICE_RATE_LIMIT_STORAGE takes it."""
        return f"redis+unix://{self.socket}"

    @property
    def patient_url(self) -> str:
        """Return its address with a time-out that no busy machine reaches."""
        return f"{self.url}?socket_timeout={PATIENCE_SECONDS}"

    def connect(self) -> "Redis":
        """Return a client of it."""
        return Redis(unix_socket_path=str(self.socket))

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("redis-server is not installed")
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        self._process = subprocess.Popen(
            [program, *options],
            cwd=self.socket.parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        for line in self._process.stdout or ():
            if "ready to accept connections" in line:
                return
        raise AssertionError("redis-server did not start")

    def hang(self) -> None:
        """Let it take connections and answer nothing."""
        self._send(signal.SIGSTOP)
        if self._process:
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED)

    def go_on(self) -> None:
        """Let it answer again."""
        self._send(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it at once, whatever it is at."""
        if self._process is None:
            return
        self._send(signal.SIGKILL)
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self.socket.unlink(missing_ok=True)
        self._process = None

    def _send(self, number: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(number)
