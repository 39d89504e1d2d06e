"""Histograms of every feature and of the score in training."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from service.model.artefact.manifest import Manifest
from service.model.contract.features import FeatureType, Record, Scalar
from service.model.errors import ArtefactFormatError

HISTOGRAMS = "histograms.json"
NO_HISTOGRAMS = (
    "This version was packaged without the histograms of its training table, so that"
    " no drift can be seen: package it again."
)

# What is counted: a number itself, the length of a text, the seconds of a date-time
# since 1970, a category, or the mean of a tensor's elements, which are not counted.
HistogramKind = Literal["number", "integer", "text", "date-time", "category", "mean"]


class Histogram(Record, frozen=True):
    """Counts of one feature or score in training, nulls apart.

    It has `edges` or `categories`. A bin of numbers goes from its edge to before the
    next one. The first edge is the least value in training, and the last is just above
    the greatest.

    While serving, these bins are cells 1 to k of k + 3. Cell 0 counts unseen categories
    or numbers below the range, cell k + 1 numbers above it, and the last cell nulls.
    """

    name: str
    kind: HistogramKind
    counts: tuple[int, ...]
    nulls: int = 0
    edges: tuple[float, ...] = ()
    categories: tuple[Scalar, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no packaging writes. Raises ValueError."""
        bins = len(self.counts)
        if self.is_categorical:
            fits = len(set(self.categories)) == bins and not self.edges
        else:
            fits = not self.categories and len(self.edges) == (bins and bins + 1)
        if not fits or any(a >= b for a, b in pairwise(self.edges)):
            raise ValueError(f"the bins of {self.name!r} do not fit its counts")
        if min((self.nulls, *self.counts)) < 0:
            raise ValueError(f"a count of {self.name!r} is negative")

    @property
    def is_categorical(self) -> bool:
        """True if the bins are categories."""
        return self.kind == "category"

    @property
    def width(self) -> int:
        """The number of cells."""
        return len(self.counts) + 3


class Histograms(Record, frozen=True):
    """The content of `histograms.json`, of `count` instances of the training table."""

    count: int
    features: tuple[Histogram, ...]
    scores: tuple[Histogram, ...]

    @property
    def all(self) -> tuple[Histogram, ...]:
        """The features, then the scores."""
        return self.features + self.scores


def encode_histograms(histograms: Histograms) -> bytes:
    """Return histograms.json, a histogram a line."""
    features, scores = (
        ",\n".join(msgspec.json.encode(each).decode() for each in part)
        for part in (histograms.features, histograms.scores)
    )
    return (
        f'{{"count": {histograms.count}, "features": [\n{features}\n],'
        f' "scores": [\n{scores}\n]}}\n'
    ).encode()


def decode_histograms(raw: bytes, manifest: Manifest) -> Histograms:
    """Read histograms.json. Raises ArtefactFormatError."""
    try:
        found = msgspec.json.decode(raw, type=Histograms)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArtefactFormatError(f"{HISTOGRAMS} cannot be read: {error}.") from None
    wanted = [
        (feature.name, find_kind(feature.type, feature.observed.categories))
        for feature in manifest.contract.features
    ]
    if wanted != [(each.name, each.kind) for each in found.features]:
        raise ArtefactFormatError(f"{HISTOGRAMS} is not of the contract's features.")
    return found


def find_kind(type_: FeatureType, categories: Sequence[Scalar] | None) -> HistogramKind:
    """Return what is counted of a feature."""
    if categories is not None or type_ == "boolean":
        return "category"
    if type_ == "object":  # counted by how many fields it has, as a text by its length
        return "text"
    if type_ == "date":
        return "date-time"
    if type_ == "tensor":
        return "mean"
    return "text" if type_ == "string" else type_
