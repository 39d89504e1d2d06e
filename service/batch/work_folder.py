"""The private folder beside an output: what is scored already, and by whom.

A piece is there once its report is, which is written last. All is written under another
name first, so that what a killed process leaves is never taken for whole.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from service.model.errors import DataFileError

PLAN = "plan.json"


class Report(msgspec.Struct, frozen=True):
    """What came of a piece: rows, those rejected of them, and those with a warning.

    `cells` count the answered ones by the histograms of training. `sizes` are those of
    its files, in bytes.
    """

    rows: int
    rejected: int
    warned: int
    cells: list[int]
    sizes: dict[str, int]


class WorkFolder:
    """The folder of one output."""

    def __init__(self, out: Path) -> None:
        self.path = out.parent / f".{out.name}.parts"

    def place(self, index: int, suffix: str) -> Path:
        """Return the file of a piece that has a suffix."""
        return self.path / f"{index:08}{suffix}"

    @contextmanager
    def open(self, plan: bytes, *, is_resuming: bool) -> Iterator[None]:
        """Hold the folder of a run, whose answers depend on what is in its plan.

        Raises DataFileError where it is another's, or of another run.
        """
        self.path.mkdir(exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataFileError(f"{self.path} is of a run that goes on.") from None
            file = self.path / PLAN
            if not file.exists():
                write_whole(file, plan)
            elif not is_resuming:
                raise DataFileError(
                    f"{self.path} is left of a run that was interrupted: resume that by"
                    " --resume, or remove the folder."
                )
            elif file.read_bytes() != plan:
                raise DataFileError(
                    "The artefact, an input or an option is not what it was when the"
                    f" run was interrupted: remove {self.path} to begin anew."
                )
            yield

    def read_report(self, index: int) -> Report | None:
        """Return the report of a piece that is there and whole."""
        try:
            raw = self.place(index, ".json").read_bytes()
            report = msgspec.json.decode(raw, type=Report)
            sizes = {n: (self.path / n).stat().st_size for n in report.sizes}
        except (OSError, msgspec.DecodeError):
            return None
        return report if sizes == report.sizes else None

    def write_report(self, index: int, report: Report) -> None:
        """Write down that a piece is there."""
        write_whole(self.place(index, ".json"), msgspec.json.encode(report))

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path, ignore_errors=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole, or not at all. Raises OSError."""
    staged = stage(path)
    with staged.open("wb") as file:
        file.write(content)
    commit(staged, path)


def stage(path: Path) -> Path:
    """Return the name under which this process writes a file."""
    return path.with_name(f"{path.name}.{os.getpid()}")


def commit(staged: Path, path: Path) -> None:
    """Give a file that was written its name, once it is on the disk."""
    sync(staged)
    staged.replace(path)


def sync(path: Path) -> None:
    """Wait until a file is on the disk."""
    descriptor: Any = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
