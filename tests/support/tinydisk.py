"""A tmpfs of a few kilobytes over a folder, seen by those alone that enter it."""

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from pipelines import ROOT

PAGE_BYTES = 4096

# The mounts are private to a process that lives until its stdin ends.
HOLD = 'mount -t tmpfs -o "size=$2" tiny "$1" && echo mounted && exec cat'


class TinyDisk:
    """A real file system that can be filled to its last page, and emptied again."""

    def __init__(self, folder: Path, kilobytes: int) -> None:
        self._holder = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", HOLD, "sh", str(folder), f"{kilobytes}k"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._holder.stdout
        said = self._holder.stdout.readline()
        if said != "mounted\n":
            self.unmount()
            pytest.skip(f"no file system can be mounted here: {said.strip()}")
        # Its files, as this process reaches them.
        self.folder = Path(f"/proc/{self._holder.pid}/root{folder}")
        self._filler = self.folder / "filler"

    @property
    def entrance(self) -> tuple[str, ...]:
        """Return what a command has to begin with to see it."""
        return ("nsenter", "-t", str(self._holder.pid), "-m", "-w")

    def fill(self) -> None:
        """Leave no page of it free."""
        with self._filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(PAGE_BYTES))

    def empty(self) -> None:
        """Take away what filled it."""
        self._filler.unlink()

    def unmount(self) -> None:
        """Let go of it; it goes with the last that entered."""
        self._holder.communicate()
