"""One store of limits for all workers of a host: a table in a mapped file.

A hit takes some 5 microseconds under an fcntl record lock, which the kernel frees when
its holder is killed, so the count is exact over threads, processes and forks.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from limits.storage import SlidingWindowCounterSupport, Storage

SLOTS = 65_536
# A key's digest, the number of its window, this window's count and the last one's.
SLOT = struct.Struct("<16sQQQ")
SIZE = SLOTS * SLOT.size
# As far as a key is looked for; then the one of the oldest window makes room.
PROBES = 8


def shared_path(identity: str) -> Path:
    """Return where the store of the servers with one identity lies on this host."""
    memory = Path("/dev/shm")  # noqa: S108 - the file's owner and mode are checked
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    folder = memory if usable else Path(tempfile.gettempdir())
    digest = hashlib.blake2b(identity.encode(), digest_size=8).hexdigest()
    return folder / f"model-service-{os.getuid()}-{digest}.limits"


class Table:
    """The mapped file. A process opens it once: closing one of two descriptors of a
    file would free the locks held through the other."""

    opened: dict[str, "Table"] = {}

    def __init__(self, path: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self.descriptor = os.open(path, flags, 0o600)
        found = os.fstat(self.descriptor)
        if found.st_uid != os.getuid() or found.st_size not in (0, SIZE):
            raise ValueError(f"{path} is not this service's store of limits.")
        os.ftruncate(self.descriptor, SIZE)
        self.memory = mmap.mmap(self.descriptor, SIZE)
        self.lock = threading.Lock()

    @classmethod
    def open(cls, path: str) -> "Table":
        """Return the table of a path, opened at most once."""
        if path not in cls.opened:
            cls.opened[path] = cls(path)
        return cls.opened[path]

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep all others out, of this process and of the rest."""
        with self.lock:
            fcntl.lockf(self.descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self.descriptor, fcntl.LOCK_UN)

    def find(self, key: str, window: int) -> tuple[int, bytes, int, int]:
        """Return a key's slot, its digest, and the last window's and this one's count.

        A slot that a killed process wrote by half has another digest, or an old
        window, and is taken as a free one.
        """
        digest = hashlib.blake2b(key.encode(), digest_size=16).digest()
        first = int.from_bytes(digest[:4], "little")
        oldest, place = window + 1, 0
        for probe in range(PROBES):
            offset = (first + probe) % SLOTS * SLOT.size
            found, of, count, before = SLOT.unpack_from(self.memory, offset)
            if found == digest:
                if of == window:
                    return offset, digest, before, count
                return offset, digest, count if of == window - 1 else 0, 0
            if of < oldest:
                oldest, place = of, offset
        return place, digest, 0, 0


class SharedStorage(Storage, SlidingWindowCounterSupport):
    """Counts of a window and the one before it, in `shm:///path`."""

    STORAGE_SCHEME = ["shm"]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **_: object) -> None:
        super().__init__(uri, wrap_exceptions)
        self._table = Table.open(uri.removeprefix("shm://"))

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return what a fault of the store is."""
        return OSError

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Take an amount if the weighted count leaves room for it, or nothing."""
        table = self._table
        with table.hold():
            now = time.time()
            window = int(now // expiry)
            place, digest, before, count = table.find(key, window)
            share = 1 - now % expiry / expiry
            if int(before * share) + count + amount > limit:
                return False
            SLOT.pack_into(table.memory, place, digest, window, count + amount, before)
        return True

    def get_sliding_window(
        self, key: str, expiry: int
    ) -> tuple[int, float, int, float]:
        """Return each window's count and the seconds for which it still counts."""
        with self._table.hold():
            now = time.time()
            _, _, before, count = self._table.find(key, int(now // expiry))
        left = expiry - now % expiry
        return before, left, count, left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget a key."""
        with self._table.hold():
            place, digest, *_ = self._table.find(key, int(time.time() // expiry))
            SLOT.pack_into(self._table.memory, place, digest, 0, 0, 0)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a count of fixed windows."""
        table = self._table
        with table.hold():
            window = int(time.time() // expiry)
            place, digest, before, count = table.find(key, window)
            SLOT.pack_into(table.memory, place, digest, window, count + amount, before)
        return count + amount

    def get(self, key: str) -> int:
        """Refuse: the strategy of this service asks for windows."""
        raise NotImplementedError("Only sliding windows are counted.")

    def get_expiry(self, key: str) -> float:
        """Refuse: the strategy of this service asks for windows."""
        raise NotImplementedError("Only sliding windows are counted.")

    def check(self) -> bool:
        """Say that the store is there."""
        return True

    def reset(self) -> int | None:
        """Forget all keys."""
        with self._table.hold():
            self._table.memory[:] = bytes(SIZE)
        return None

    def clear(self, key: str) -> None:
        """Refuse: the strategy of this service asks for windows."""
        raise NotImplementedError("Only sliding windows are counted.")
