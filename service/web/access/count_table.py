"""A table of counts in a mapped file, which all processes of a host can open."""

import os
import struct
import threading
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar

from service.mapped_file import map_descriptor, open_shared
from service.settings import SettingsError
from service.web.access.boot_clock import find_boot
from service.web.runtime_folder import PREFIX, find_memory, open_folder

# Clients, each with two limits, and addresses that failed. The memory is reserved from
# the start: 640 KB of the 64 MB that the processes of a container share.
SLOTS = 16_384
# A key's digest, whether it is a client's, and the seconds of its window.
OWNER = struct.Struct("=11s?I")
LONGEST_SECONDS = 2**32 - 1
# An owner, the second of this boot at which its window ends, this window's count and
# the last one's.
SLOT = struct.Struct(f"={OWNER.size}sQQQ")
SIZE = SLOTS * SLOT.size
# Where the last three are, in words of 8 bytes.
END, NOW, BEFORE = 2, 3, 4
# How many slots may hold a key; the one with the least to lose makes room for it.
PROBES = 8


def find_table(keys_file: Path) -> Path:
    """Return the file in which all servers of this host with one key file count.

    A system without an identity for each boot has one for each server: counts of an
    earlier boot would be taken for this one's.
    """
    boot = find_boot()
    if boot is None:
        return open_folder() / "table.limits"
    # Another version of ours may have another layout.
    identity = f"{SLOTS} {OWNER.format} {SLOT.format} {boot} {keys_file.absolute()}"
    digest = blake2b(identity.encode(), digest_size=8).hexdigest()
    return find_memory() / f"{PREFIX}{digest}.limits"


class CountTable:
    """The mapped file.

    A process opens it once: closing one of two descriptors of a file would free the
    locks held through the other. It writes a word at a time, in such an order that a
    process killed between two leaves counts too high, if any, and never too low.
    """

    opened: ClassVar[dict[Path, "CountTable"]] = {}

    def __init__(self, path: Path) -> None:
        self.descriptor = _open_own(path)
        self.memory = map_descriptor(self.descriptor, SIZE)
        self.words = self.memory.cast("Q")
        self.lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> "CountTable":
        """Return the table of a path, opened at most once. Raises SettingsError."""
        if path not in cls.opened:
            try:
                cls.opened[path] = cls(path)
            except OSError as error:
                raise SettingsError(
                    f"The store of limits {path} cannot be kept: {error.strerror}."
                ) from None
        return cls.opened[path]

    def find(
        self, owner: bytes, end: int, expiry: int, moment: float
    ) -> tuple[int, int, int]:
        """Return an owner's slot, and the counts of this window and of the last one."""
        offsets = [find_place(owner, probe) for probe in range(PROBES)]
        for offset in offsets:
            found, found_end, count, before = SLOT.unpack_from(self.memory, offset)
            if found == owner:
                if found_end == end:
                    return offset, count, before
                before = count if found_end == end - expiry else 0
                self._begin_window(offset, end, before)
                return offset, 0, before
        offset = min(offsets, key=partial(self._weigh, moment))
        self._begin_window(offset, 0, 0)  # one that is over, until it has its new owner
        self.memory[offset : offset + OWNER.size] = owner
        self._begin_window(offset, end, 0)
        return offset, 0, 0

    def _begin_window(self, offset: int, end: int, before: int) -> None:
        slot = offset // 8
        self.words[slot + END] = end
        self.words[slot + BEFORE] = before
        self.words[slot + NOW] = 0

    def _weigh(self, moment: float, offset: int) -> tuple[bool, bool, int]:
        """Return a rank: the slot with the lowest loses the least.

        A count is held until the window after its own is over. Addresses that fail are
        many: they drive out one another, and not a client.
        """
        owner, end, count, before = SLOT.unpack_from(self.memory, offset)
        _, is_client, expiry = OWNER.unpack(owner)
        left = count + before if moment < end else count
        return moment < end + expiry, is_client, left


def describe_owner(key: str, expiry: int, *, is_client: bool) -> bytes:
    """Return what identifies a key in the table."""
    digest = blake2b(key.encode(), digest_size=11).digest()
    return OWNER.pack(digest, is_client, min(expiry, LONGEST_SECONDS))


def find_place(owner: bytes, probe: int) -> int:
    """Return the offset of the nth slot in which an owner may be found."""
    return (int.from_bytes(owner[:4], "little") + probe) % SLOTS * SLOT.size


def _open_own(path: Path) -> int:
    """Open a file that no other user can have laid there for us."""
    descriptor = open_shared(path)
    found = os.fstat(descriptor)
    if found.st_uid != os.getuid() or found.st_size not in (0, SIZE):
        os.close(descriptor)
        raise SettingsError(f"{path} is no store of limits of this user: remove it.")
    return descriptor
