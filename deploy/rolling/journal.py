"""What was rolled out: when, by whom, by which verdict: lines of JSON, only added."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rolling.images import Image

BACK = "back"


@dataclass(frozen=True)
class Share:
    """A version, and how many percent of the callers it answers."""

    model: str
    version: str
    image: str
    id: str
    percent: int

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.model} {self.version} ({self.id[:19]}) {self.percent} %"


def share_image(image: Image, percent: int) -> Share:
    """Return the share of an image."""
    return Share(image.model, image.version, image.name, image.id, percent)


@dataclass(frozen=True)
class Entry:
    """What happened, and who answers since: the stable version, then the canary."""

    time: datetime
    by: str
    event: str
    serving: tuple[Share, ...]
    details: dict[str, Any] = field(default_factory=dict)

    def write(self) -> str:
        """Return it as a line."""
        time = self.time.isoformat(timespec="seconds").replace("+00:00", "Z")
        serving = [asdict(share) for share in self.serving]
        document = {"time": time, "by": self.by, "event": self.event}
        return json.dumps({**document, "serving": serving, **self.details}) + "\n"


def parse_entry(line: str) -> Entry:
    """Read a line. Raises ValueError, LookupError or TypeError."""
    document = json.loads(line)
    time = datetime.fromisoformat(document.pop("time"))
    serving = tuple(Share(**share) for share in document.pop("serving"))
    return Entry(time, document.pop("by"), document.pop("event"), serving, document)


class Journal:
    """A file of entries, oldest first."""

    def __init__(self, path: Path, by: str) -> None:
        self._path = path
        self._by = by

    def append(self, event: str, serving: Iterable[Share], **details: Any) -> Entry:
        """Write down what happened, by now."""
        now = datetime.now(UTC).replace(microsecond=0)
        entry = Entry(now, self._by, event, tuple(serving), details)
        with self._path.open("ab+") as file:
            # Whoever died while writing left a line without an end.
            if file.tell():
                file.seek(-1, os.SEEK_END)
                torn = file.read() != b"\n"
                file.write(b"\n" * torn)
            file.write(entry.write().encode())
            file.flush()
            os.fsync(file.fileno())
        return entry

    def read(self) -> list[Entry]:
        """Return the entries; a line that was never finished is none."""
        return list(self._iterate())

    def _iterate(self) -> Iterator[Entry]:
        if not self._path.exists():
            return
        for line in self._path.read_text(errors="replace").splitlines():
            try:
                yield parse_entry(line)
            except (ValueError, LookupError, TypeError):
                continue


def find_former(entries: Iterable[Entry]) -> Share | None:
    """Return the version that was stable before the present one, if there was any.

    Who went back from a version is not sent to it by going back once more.
    """
    history: list[Share] = []
    for entry in entries:
        stable = entry.serving[0]
        if entry.event == BACK and len(history) > 1 and history[-2].id == stable.id:
            history.pop()
        elif not history or history[-1].id != stable.id:
            history.append(stable)
    return history[-2] if len(history) > 1 else None


def find_served(
    entries: Iterable[Entry], begin: datetime, end: datetime
) -> list[tuple[datetime, tuple[Share, ...]]]:
    """Return who answered from one time to another, and since when."""
    served: list[tuple[datetime, tuple[Share, ...]]] = []
    for entry in entries:
        if entry.time <= begin:
            served = [(entry.time, entry.serving)]
        elif entry.time < end and (not served or served[-1][1] != entry.serving):
            served.append((entry.time, entry.serving))
    return served
