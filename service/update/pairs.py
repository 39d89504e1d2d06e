"""Two versions' answers to the same requests, paired by id from their prediction logs.

Such as where a mirror sends a copy of each request to a second version, with the same
X-Request-ID.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from service.update.compare import Comparison, Version
from service.update.differences import Differences
from service.update.logged import Logged, PredictionLogError, iterate_logged

# How much of the new version's answers is held at a time: the old version's lines are
# read once for each such part.
MOST_BYTES = 128 * 2**20

# What is counted: requests of both versions, of one, with an id that came before, and
# with the id of another request.
COUNTED = ("paired", "old_alone", "new_alone", "repeated", "other_instances")

# Of an answer that waits, beside its text: its id, its digest and its place.
ENTRY_BYTES = 400


@dataclass(frozen=True)
class Logs:
    """What is paired: the lines of two versions, in whichever files.

    `segments` are fields of the instances, whose values are told apart.
    """

    old: str
    new: str
    paths: Sequence[Path]
    segments: Sequence[str] = ()


@dataclass(slots=True)
class _Waiting:
    """An answer of the new version, until the old version's is met."""

    digest: bytes
    predictions: bytes
    is_met: bool = False


@dataclass
class _Pairs:
    """What was found: `counts` is of requests, and `differences` of instances."""

    logs: Logs
    models: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    differences: Differences = field(default_factory=Differences)

    def iterate_parts(self) -> Iterator[dict[str, _Waiting]]:
        """Yield the new version's answers by id, as many as memory may hold."""
        part: dict[str, _Waiting] = {}
        size = 0
        for new in iterate_logged(self.logs.paths, self.logs.new):
            self.models.add(new.model)
            if new.request_id in part:
                self.counts["repeated"] += 1
                continue
            # A copy: what orjson returns keeps its buffer, of some four kilobytes.
            text = bytes(memoryview(orjson.dumps(new.predictions)))
            part[new.request_id] = _Waiting(new.digest, text)
            size += len(text) + ENTRY_BYTES
            if size > MOST_BYTES:
                yield part
                part.clear()
                size = 0
        if part:
            yield part

    def add(self, old: Logged, new: _Waiting) -> None:
        """Add a request with one id, unless it was paired, or is another request."""
        after: list[Any] | None = orjson.loads(new.predictions)
        before = old.predictions
        is_other = None not in (before, after) and old.digest != new.digest
        if new.is_met or is_other:
            self.counts["other_instances" if is_other else "repeated"] += 1
            new.is_met = True
            return
        new.is_met = True
        self.counts["paired"] += 1
        refused = [None] * len(before or after or ())
        pairs = zip(before or refused, after or refused, strict=True)
        for place, pair in enumerate(pairs):
            instance = old.instances[place] if old.instances else None
            segments = self._read_segments(instance)
            self.differences.add(*pair, segments, old.request_id)

    def _read_segments(self, instance: Any) -> dict[str, Any]:
        fields = instance if isinstance(instance, dict) else {}
        return {name: fields.get(name, "(none)") for name in self.logs.segments}


def compare_pairs(logs: Logs, tell: Callable[[int], object] = int) -> Comparison:
    """Compare what both versions answered to requests of one id.

    It calls `tell` with the rows so far. Raises PredictionLogError, or OSError.
    """
    if logs.old == logs.new:
        raise PredictionLogError(f"Both are version {logs.old}.")
    pairs = _Pairs(logs)
    read = met = parts = 0
    for part in pairs.iterate_parts():
        for old in iterate_logged(logs.paths, logs.old):
            pairs.models.add(old.model)
            read += not parts
            if new := part.get(old.request_id):
                met += 1
                pairs.add(old, new)
                tell(pairs.differences.rows)
        parts += 1
        pairs.counts["new_alone"] += sum(not each.is_met for each in part.values())
    pairs.counts["old_alone"] = max(0, read - met)
    return _conclude(pairs, read, parts)


def _conclude(pairs: _Pairs, read: int, parts: int) -> Comparison:
    """Return the comparison. Raises PredictionLogError where there is none."""
    old, new = pairs.logs.old, pairs.logs.new
    if not parts or not read:
        raise PredictionLogError(f"No line is of version {old if parts else new}.")
    if len(pairs.models) > 1:
        names = ", ".join(sorted(pairs.models))
        raise PredictionLogError(f"These are different models: {names}.")
    if not pairs.differences.rows:
        raise PredictionLogError("No request was answered by both versions.")
    [name] = pairs.models
    versions = Version(name, old), Version(name, new)
    requests = {name: pairs.counts[name] for name in COUNTED}
    return Comparison(*versions, [], pairs.differences, requests=requests)
