"""What waits to be written to the prediction log, bounded in memory."""

import threading
from collections import deque
from dataclasses import dataclass

# And one request more: some thousands of instances, or twice the largest body.
MAX_WAITING_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A request that was answered, with both bodies. `time` is time.time()."""

    time: float
    request_id: str
    client: str | None
    request: bytes
    response: bytes

    @property
    def size(self) -> int:
        return len(self.request) + len(self.response)


class LogQueue:
    """A queue that no thread waits for: one that is full takes nothing."""

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, entry: LogEntry) -> bool:
        """Return True if there was room."""
        with self._lock:
            if self._bytes > MAX_WAITING_BYTES:
                return False
            self._bytes += entry.size
            self._entries.append(entry)
            return True

    def take(self) -> LogEntry | None:
        """Return the one that has waited longest, if there is one."""
        with self._lock:
            if not self._entries:
                return None
            entry = self._entries.popleft()
            self._bytes -= entry.size
            return entry
