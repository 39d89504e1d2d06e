"""Two versions on the same rows: what differs, and would it break anybody?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from service.model.artefact.folder import verify_artefact
from service.model.contract.features import Contract
from service.model.errors import DataFileError
from service.model.rows_file import iterate_columns, iterate_rows
from service.update.answers import Answers
from service.update.changes import Change, list_changes
from service.update.differences import QUANTILES, Differences
from service.update.scores import Scores


@dataclass(frozen=True)
class Asked:
    """What is compared: two artefacts, a file, and columns of it.

    `segments` are columns whose values are told apart, `target` the one with the truth.
    """

    old: Path
    new: Path
    data: Path
    segments: Sequence[str] = ()
    target: str = ""
    old_python: str = ""
    new_python: str = ""


@dataclass(frozen=True)
class Bounds:
    """What a new version may do differently; None is no bound."""

    max_changed: float | None = None
    max_difference: float | None = None
    max_worse: float | None = None
    may_break: bool = False


@dataclass(frozen=True)
class Version:
    """A version of a model."""

    name: str
    version: str


@dataclass
class Comparison:
    """What was found. `costs` are those of each version, `scores` by version.

    `requests` counts those that were paired and those that were not, where answers are
    those of prediction logs.
    """

    old: Version
    new: Version
    changes: list[Change]
    differences: Differences = field(default_factory=Differences)
    scores: dict[str, Scores] = field(default_factory=dict)
    costs: dict[str, dict[str, float]] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)


def compare(asked: Asked, tell: Callable[[int], object] = int) -> Comparison:
    """Ask both versions for every row of a file, and call `tell` with the rows so far.

    Raises ArtefactError, DataFileError or AnswersError.
    """
    old, new = verify_artefact(asked.old), verify_artefact(asked.new)
    found = Comparison(
        Version(old.manifest.name, old.manifest.version),
        Version(new.manifest.name, new.manifest.version),
        list_changes(old.manifest, new.manifest),
    )
    names = [*dict.fromkeys([*asked.segments, *filter(None, [asked.target])])]
    for artefact in (old, new):
        _require_rows(asked.data, artefact.manifest.contract, names)
    if asked.target:
        found.scores = {"old": Scores(), "new": Scores()}
    with (
        Answers(asked.old, asked.data, asked.old_python, asked.target) as before,
        Answers(asked.new, asked.data, asked.new_python, asked.target) as after,
    ):
        for rows in zip_longest(before, after, _iterate_known(asked.data, names)):
            _add_piece(found, asked, rows)
            tell(found.differences.rows)
        for name, answers, artefact in (("old", before, old), ("new", after, new)):
            size = sum(map(len, artefact.files.values())) / 1e6
            found.costs[name] = {**answers.costs, "size_mb": size}
    return found


def _require_rows(data: Path, contract: Contract, names: list[str]) -> None:
    """Look at the beginning of a file, before two processes take seconds to start.

    Raises DataFileError.
    """
    if next(iterate_rows(data, contract), None) is None:
        raise DataFileError(f"{data} has no rows.")
    next(_iterate_known(data, names), None)


def _iterate_known(data: Path, names: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Yield the columns that are needed beside the answers, where there are any."""
    if names:
        yield from iterate_columns(data, names, names, names)


def _add_piece(found: Comparison, asked: Asked, rows: Sequence[Any]) -> None:
    before, after, known = rows
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        row = known[index] if known else {}
        found.differences.add(old, new, {name: row[name] for name in asked.segments})
        if asked.target:
            _add_truth(found, old, new, row[asked.target])


def _add_truth(found: Comparison, old: Any, new: Any, truth: Any) -> None:
    try:
        found.scores["old"].add(old, truth)
        found.scores["new"].add(new, truth)
    except ValueError:
        row = found.differences.rows - 1
        raise DataFileError(f"The target of row {row} is no number.") from None


def list_breaches(found: Comparison, bounds: Bounds) -> list[str]:
    """Return a sentence for each bound that the new version does not keep."""
    breaches = []
    if not bounds.may_break:
        breaking = [change.sentence for change in found.changes if change.is_breaking]
        breaches += [f"callers break: {sentence}" for sentence in breaking]
    seen = found.differences
    share = seen.changed / seen.rows
    if bounds.max_changed is not None and share > bounds.max_changed:
        breaches.append(f"{share:.2%} of the labels are others")
    most = bounds.max_difference
    quantile = seen.numbers.find_quantile(QUANTILES[2])
    if most is not None and quantile > most:
        breaches.append(f"one number in a hundred differs by {quantile:.3g} or more")
    if bounds.max_worse is not None:
        breaches += _list_worse(found, bounds.max_worse)
    return breaches


def _list_worse(found: Comparison, most: float) -> Iterator[str]:
    old, new = (found.scores[name].list_figures() for name in ("old", "new"))
    for name in filter(new.__contains__, old):
        worse = old[name] - new[name] if name == "accuracy" else new[name] - old[name]
        if worse > most * (1 if name == "accuracy" else abs(old[name])):
            yield f"the {name} is {new[name]:.4g}, and was {old[name]:.4g}"
