"""Each look adds to what was seen, and tells a canary that is away from one unknown."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from service.update.addresses import SourceError, UnreachableError
from service.update.evidence import read_evidence
from service.update.prometheus import UnmatchedError
from service.update.sources import INFO, READY, Reading
from service.update.watch import Watch

STABLE, CANARY = "stable", "canary"


def read(version: str) -> Mapping[str, Reading]:
    """Return what one replica of a version says."""
    labels = frozenset({("name", "credit"), ("version", version)})
    gauges = {(INFO, labels): 1.0, (READY, frozenset[tuple[str, str]]()): 2.0}
    return {version: Reading(gauges=gauges)}


class Sources:
    """What each source says at the next look: its version, or why it says nothing."""

    def __init__(self) -> None:
        self.says: dict[str, str | SourceError] = {STABLE: "1.0.0", CANARY: "1.1.0"}

    def read(self, source: str) -> Mapping[str, Reading]:
        said = self.says[source]
        if isinstance(said, SourceError):
            raise said
        return read(said)


@pytest.fixture
def sources() -> Sources:
    return Sources()


def test_a_canary_is_away_only_if_it_was_there(sources: Sources) -> None:
    watch = Watch(sources.read, [STABLE], [CANARY])
    sources.says[CANARY] = UnmatchedError("nothing matches")
    with pytest.raises(UnmatchedError):
        watch.look()
    sources.says[CANARY] = "1.1.0"
    assert watch.look().verdict == "undecided"
    sources.says[CANARY] = UnmatchedError("nothing matches")
    assert watch.look().verdict == "roll back"


@pytest.mark.parametrize("error", [UnreachableError("away"), UnmatchedError("away")])
def test_a_stable_version_that_is_away_decides_nothing(
    sources: Sources, error: SourceError
) -> None:
    watch = Watch(sources.read, [STABLE], [CANARY])
    watch.look()
    sources.says[STABLE] = error
    with pytest.raises(SourceError, match="away"):
        watch.look()


def test_evidence_of_other_versions_is_refused_or_begun_anew(
    sources: Sources, tmp_path: Path
) -> None:
    path = tmp_path / "evidence.json"
    Watch(sources.read, [STABLE], [CANARY], state=path).look(5.0)
    sources.says[CANARY] = "1.2.0"
    with pytest.raises(SourceError, match="begin with a new file"):
        Watch(sources.read, [STABLE], [CANARY], state=path).look(5.0)
    assert read_evidence(path).versions[CANARY] == ["credit", "1.1.0"]
    Watch(sources.read, [STABLE], [CANARY], state=path, begins_anew=True).look(5.0)
    assert read_evidence(path).versions[CANARY] == ["credit", "1.2.0"]
    assert read_evidence(path).looks == 1
