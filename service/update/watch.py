"""Looking at two versions that answer: each look adds to the evidence, and judges."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from service.update.addresses import SourceError, UnreachableError
from service.update.evidence import (
    CANARY,
    STABLE,
    Evidence,
    Readings,
    read_evidence,
    write_evidence,
)
from service.update.judge import (
    Judgement,
    find_versions,
    judge,
    refuse_unreachable,
)
from service.update.prometheus import UnmatchedError
from service.update.scales import Tolerance
from service.update.sources import Reading

# What reads a source: what each of its replicas says, by their addresses.
Reader = Callable[[str], Mapping[str, Reading]]


class _CanaryAwayError(Exception):
    """No replica of the canary answers."""


@dataclass
class Watch:
    """What is looked at, and what was seen of it so far.

    The evidence is kept in the file `state`, or in memory where that is None. Where it
    is of other versions, it is an error, unless the watch `begins_anew`.
    """

    read: Reader
    stable: Sequence[str]
    canary: Sequence[str]
    tolerance: Tolerance = field(default_factory=Tolerance)
    state: Path | None = None
    begins_anew: bool = False
    _evidence: Evidence = field(default_factory=Evidence)

    def __post_init__(self) -> None:
        """Read what is known already. Raises EvidenceError."""
        if self.state:
            self._evidence = read_evidence(self.state)

    def look(self, weight: float | None = None) -> Judgement:
        """Read both versions, and say what the evidence says by now.

        `weight` is the canary's share of requests in percent. Raises SourceError.
        """
        try:
            readings, away = self._read_versions()
        except _CanaryAwayError as error:
            return refuse_unreachable(str(error))
        self._check_versions(readings)
        self._evidence.begin_stage(weight)
        self._evidence.add(readings)
        if self.state:
            write_evidence(self._evidence, self.state)
        return judge(self._evidence, readings, self.tolerance, away)

    def _read_versions(self) -> tuple[Readings, list[str]]:
        """Return what is read, and which sources of the canary do not answer."""
        stable = {
            name: reading
            for source in self.stable
            for name, reading in self.read(source).items()
        }
        canary, away = dict[str, Reading](), list[str]()
        for source in self.canary:
            try:
                canary.update(self.read(source))
            except UnreachableError as error:
                away.append(str(error))
            except UnmatchedError as error:
                # It is away, if it was there before; else the selector is wrong.
                if not self._evidence.versions:
                    raise
                away.append(str(error))
        if not canary:
            raise _CanaryAwayError(away[0])
        return {STABLE: stable, CANARY: canary}, away

    def _check_versions(self, readings: Readings) -> None:
        versions, known = find_versions(readings), self._evidence.versions
        if known and known != versions:
            if not self.begins_anew:
                raise SourceError(
                    "The evidence is of other versions: begin with a new file."
                )
            self._evidence = Evidence()
        self._evidence.versions = versions
