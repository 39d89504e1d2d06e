"""A table of counts in a mapped file, which all processes of a host can open."""

import os
import struct
import tempfile
import threading
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar

from service.mapped_file import map_descriptor, open_shared
from service.settings import SettingsError
from service.web.access.boot_clock import find_boot

# Clients, each with two limits, and addresses that failed. It is memory from the start,
# of which a container has 64 MB to share: 640 KB.
SLOTS = 16_384
# A key's digest, the second of this boot at which its window ends, this window's count
# and the last one's.
SLOT = struct.Struct("=16sQQQ")
SIZE = SLOTS * SLOT.size
# Where the last three are, in words of 8 bytes.
END, NOW, BEFORE = 2, 3, 4
# At the end of a digest: whether it is a client's, and the seconds of its window.
MARKS = struct.Struct("=?I")
LONGEST_SECONDS = 2**32 - 1
# As far as a key is looked for; then the one with the least to lose makes room.
PROBES = 8


def find_memory() -> Path:
    """Return the folder for files that are no more than memory to share."""
    memory = Path("/dev/shm")  # noqa: S108 - the files' owners and modes are checked
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    return memory if usable else Path(tempfile.gettempdir())


def shared_path(identity: str) -> Path:
    """Return where the store of the servers with one identity lies on this host."""
    layout = f"{SLOTS} {SLOT.format}"  # another version of ours may have another one
    # Where files outlive a boot, the windows of another would lie anywhere in this one.
    whole = f"{layout} {find_boot()} {identity}"
    digest = blake2b(whole.encode(), digest_size=8).hexdigest()
    return find_memory() / f"model-service-{os.getuid()}-{digest}.limits"


class Table:
    """The mapped file.

    A process opens it once: closing one of two descriptors of a file would free the
    locks held through the other. It writes a word at a time, in such an order that a
    process killed between two leaves counts too high, if any, and never too low.
    """

    opened: ClassVar[dict[str, "Table"]] = {}

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.memory = map_descriptor(descriptor, SIZE)
        self.words = self.memory.cast("Q")
        self.lock = threading.Lock()

    @classmethod
    def open(cls, path: str) -> "Table":
        """Return the table of a path, opened at most once. Raises SettingsError."""
        if path not in cls.opened:
            try:
                cls.opened[path] = cls(_open_own(Path(path)))
            except OSError as error:
                raise SettingsError(
                    f"The store of limits {path} cannot be kept: {error.strerror}."
                ) from None
        return cls.opened[path]

    def find(
        self, digest: bytes, end: int, expiry: int, moment: float
    ) -> tuple[int, int, int]:
        """Return a key's slot, and the counts of this window and of the last one."""
        offsets = [find_place(digest, probe) for probe in range(PROBES)]
        for offset in offsets:
            found, found_end, count, before = SLOT.unpack_from(self.memory, offset)
            if found == digest:
                if found_end == end:
                    return offset, count, before
                before = count if found_end == end - expiry else 0
                self._begin_window(offset, end, before)
                return offset, 0, before
        offset = min(offsets, key=partial(self._weigh, moment))
        self._give(offset, digest)
        self._begin_window(offset, end, 0)
        return offset, 0, 0

    def _begin_window(self, offset: int, end: int, before: int) -> None:
        slot = offset // 8
        self.words[slot + END] = end
        self.words[slot + BEFORE] = before
        self.words[slot + NOW] = 0

    def _give(self, offset: int, digest: bytes) -> None:
        """Give a slot to another key, with a window that is over."""
        slot = offset // 8
        for word in (END, NOW, BEFORE):
            self.words[slot + word] = 0
        self.memory[offset : offset + len(digest)] = digest

    def _weigh(self, moment: float, offset: int) -> tuple[bool, bool, int]:
        """Return what would be lost: nothing, or little, where it makes room first.

        A count is held until the window after its own is over. Addresses that fail are
        many: they drive out one another, and not a client.
        """
        digest, end, count, before = SLOT.unpack_from(self.memory, offset)
        is_client, expiry = read_marks(digest)
        left = count + before if moment < end else count
        return moment < end + expiry, is_client, left


def mark_digest(digest: bytes, expiry: int, *, is_client: bool) -> bytes:
    """Put into a key's digest what tells how much there is to lose with it."""
    return digest[: -MARKS.size] + MARKS.pack(is_client, min(expiry, LONGEST_SECONDS))


def read_marks(digest: bytes) -> tuple[bool, int]:
    """Return whether a key is a client's, and the seconds of its window."""
    is_client, expiry = MARKS.unpack_from(digest, len(digest) - MARKS.size)
    return is_client, expiry


def find_place(digest: bytes, probe: int) -> int:
    """Return the offset of the slot where a key may be found at the nth look."""
    return (int.from_bytes(digest[:4], "little") + probe) % SLOTS * SLOT.size


def _open_own(path: Path) -> int:
    """Open a file that nobody else can have laid there for us."""
    descriptor = open_shared(path)
    found = os.fstat(descriptor)
    if found.st_uid != os.getuid() or found.st_size not in (0, SIZE):
        os.close(descriptor)
        raise SettingsError(f"{path} is no store of limits of this user: remove it.")
    return descriptor


def open_nameless() -> int:
    """Open a file that goes with its last process. Raises SettingsError."""
    try:
        with tempfile.TemporaryFile() as file:
            os.posix_fallocate(file.fileno(), 0, SIZE)
            return os.dup(file.fileno())
    except OSError as error:
        raise SettingsError(
            f"The store of limits cannot be kept: {error.strerror}."
        ) from None
