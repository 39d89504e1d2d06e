"""Encoders of the library category_encoders, which need not be installed.

Each takes a whole frame, makes numbers of some columns, and hands the others on. What
it makes of a category depends on nothing else, so it is itself asked for each category
of training, for an unknown one and for a null; requests only look these up.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

import numpy as np

from service.model.contract.edges import UNSEEN
from service.model.contract.features import Contract, Feature
from service.model.contract.plain_values import to_plain
from service.model.contract.tables import build_table
from service.model.errors import NoPlanError
from service.model.plan.steps import Numbers, Row, Step
from service.model.plan.tables import Table, choose_reader

# f"{module}.{name}" of the types.
FRAME_ENCODERS = frozenset(
    f"category_encoders.{path}"
    for path in (
        "backward_difference.BackwardDifferenceEncoder",
        "basen.BaseNEncoder",
        "binary.BinaryEncoder",
        "cat_boost.CatBoostEncoder",
        "count.CountEncoder",
        "gray.GrayEncoder",
        "helmert.HelmertEncoder",
        "james_stein.JamesSteinEncoder",
        "leave_one_out.LeaveOneOutEncoder",
        "m_estimate.MEstimateEncoder",
        "one_hot.OneHotEncoder",
        "ordinal.OrdinalEncoder",
        "polynomial.PolynomialEncoder",
        "quantile_encoder.QuantileEncoder",
        "rankhot.RankHotEncoder",
        "sum_coding.SumEncoder",
        "target_encoder.TargetEncoder",
        "woe.WOEEncoder",
    )
)

# What a column's value becomes: a number, or a tuple of several.
Encode = Callable[[Any], Any]
Ask = Callable[[Mapping[int, Sequence[Any]]], Numbers]


class Codes(dict[Any, Any]):
    """What each category of a column becomes, a null as None."""

    unknown: Any = None

    def __missing__(self, value: Any) -> Any:
        if self.unknown is None or value is None:
            raise ValueError("A value is none of the categories of its column.")
        return self.unknown


@dataclass(frozen=True)
class Piece:
    """The numbers that one column becomes: `width` of them, from `start` on."""

    column: int
    start: int
    width: int

    def read(self, encoded: Numbers) -> Any:
        """Return the number, or the tuple of several, of an encoded row."""
        found = tuple(encoded[self.start : self.start + self.width].tolist())
        return found if self.width > 1 else found[0]


def plan_frame_encoder(fitted: Any, contract: Contract, sample: Table) -> Step:
    """Compile an encoder. Raises NoPlanError where a column depends on others."""
    known = _list_known(fitted, contract)
    pieces = _divide(fitted, contract)
    readers: dict[int, Encode] = {
        piece.column: choose_reader(contract, piece.column)
        for piece in pieces
        if piece.column not in known
    }
    ask = _ask_encoder(fitted, contract, [values[0] for values in sample])
    encoded = [piece for piece in pieces if piece.column in known]
    readers |= _ask_codes(ask, encoded, known, contract)
    return _look_up(pieces, [readers[piece.column] for piece in pieces])


def _list_known(fitted: Any, contract: Contract) -> dict[int, list[Any]]:
    """Return the categories of training, by the column that is encoded."""
    if contract.table != "frame":
        raise NoPlanError(f"{type(fitted).__name__} is given no frame.")
    if getattr(fitted, "composite_cols", None):
        raise NoPlanError(f"{type(fitted).__name__} encodes columns together.")
    if getattr(fitted, "hierarchy", None):
        raise NoPlanError(f"{type(fitted).__name__} has a hierarchy.")
    names = [feature.name for feature in contract.features]
    mapping = getattr(fitted, "ordinal_encoder", fitted).mapping
    if isinstance(mapping, list):
        mapping = {entry["col"]: entry["mapping"] for entry in mapping}
    known = {}
    for name in fitted.cols:
        lumped = fitted.min_group_lumping_.get(name, {})
        found = {to_plain(value) for value in (*mapping[name].index, *lumped)}
        known[names.index(name)] = [value for value in found if value is not None]
    return known


def _divide(fitted: Any, contract: Contract) -> list[Piece]:
    """Return the pieces of an encoder's answer, in their order."""
    owners = {feature.name: index for index, feature in enumerate(contract.features)}
    entries = fitted.mapping if isinstance(fitted.mapping, list) else []
    for entry in entries:
        made = getattr(entry["mapping"], "columns", ())
        owners |= dict.fromkeys(made, owners[entry["col"]])
    pieces, start = [], 0
    columns = [owners[name] for name in fitted.get_feature_names_out()]
    for column, group in groupby(columns):
        pieces.append(Piece(column, start, len(list(group))))
        start += pieces[-1].width
    return pieces


def _ask_encoder(fitted: Any, contract: Contract, typical: list[Any]) -> Ask:
    """Return what encodes a typical instance with other values in some columns."""

    def ask(changed: Mapping[int, Sequence[Any]]) -> Numbers:
        count = max([1, *map(len, changed.values())])
        columns = [
            [*changed.get(index, ()), *[value] * count][:count]
            for index, value in enumerate(typical)
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = fitted.transform(build_table(contract, columns))
        return np.asarray(answer, dtype=np.float64)

    return ask


def _ask_codes(
    ask: Ask,
    pieces: list[Piece],
    known: Mapping[int, list[Any]],
    contract: Contract,
) -> dict[int, Encode]:
    """Return how each column is encoded, refusing what the encoder refuses."""
    features = contract.features
    encoded = ask(known)
    unknown = _ask_one(ask, {c: [_make_unknown(features[c], known[c])] for c in known})
    null = _ask_one(ask, {c: [None] for c in known})
    readers: dict[int, Encode] = {}
    for piece in pieces:
        values = known[piece.column]
        codes = Codes(zip(values, map(piece.read, encoded), strict=False))
        codes.unknown = None if unknown is None else piece.read(unknown)
        if null is not None:
            codes[None] = piece.read(null)
        readers[piece.column] = codes.__getitem__
    return readers


def _ask_one(ask: Ask, changed: Mapping[int, Sequence[Any]]) -> Any:
    """Return the numbers of one instance, None if the encoder refuses it."""
    try:
        return ask(changed)[0]
    except ValueError:
        return None


def _make_unknown(feature: Feature, known: list[Any]) -> Any:
    if feature.type == "string":
        return UNSEEN
    if feature.type in ("integer", "number"):
        return max(known, default=0) + 1
    raise NoPlanError(f"{feature.name!r} is encoded, and is a {feature.type}.")


def _look_up(pieces: list[Piece], readers: list[Encode]) -> Step:
    """Return the step that joins what the value of each column becomes."""
    width = sum(piece.width for piece in pieces)
    steps = list(zip(pieces, readers, strict=True))

    def encode_all(table: Table) -> Numbers:
        numbers = np.empty((len(table[0]), width))
        for piece, encode in steps:
            values: Iterable[Any] = map(encode, table[piece.column])
            if piece.width > 1:
                values = chain.from_iterable(values)
            found = np.fromiter(values, np.float64, piece.width * len(numbers))
            part = slice(piece.start, piece.start + piece.width)
            numbers[:, part] = found.reshape(-1, piece.width)
        return numbers

    def encode_one(row: Row) -> Row:
        numbers: list[float] = []
        for piece, encode in steps:
            found = encode(row[piece.column])
            if piece.width > 1:
                numbers += found
            else:
                numbers.append(found)
        return numbers

    return Step(encode_all, encode_one)
