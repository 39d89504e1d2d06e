"""What is to be scored, checked as far as it can be before anything is."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from service.batch.answers import REASON, ROW
from service.batch.arrow import pa
from service.batch.inputs import check_output, find_inputs, open_source
from service.batch.output_file import FILE, OUTPUTS, check_kept
from service.batch.piece import (
    BYTES_OF_PIECE,
    ROWS_AT_A_TIME,
    ROWS_OF_PIECE,
    Piece,
    refuse_unreadable,
)
from service.batch.plain_types import make_empty
from service.batch.scoring import OnInvalid, scorer
from service.model.errors import DataFileError

FORMAT = 1


@dataclass(frozen=True)
class Order:
    """What is to be scored, how, and into which file.

    `shard` is a number below how many there are: each scores a part of the pieces.
    """

    artefact: Path
    inputs: Sequence[str]
    out: Path
    keep: Sequence[str] = ()
    on_invalid: OnInvalid = "reject"
    ignore_unknown: bool = False
    processes: int = 1
    is_resuming: bool = False
    shard: tuple[int, int] = (0, 1)
    minimum_count: int = 1


class CheckedOrder:
    """An order that can be run, as far as the beginnings of its files tell.

    `schema` is that of the output, and `kept` that of the columns that are kept. `plan`
    has all that the pieces and their answers depend on.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        taken = [name for name in order.keep if name in (FILE, ROW, REASON)]
        if taken:
            raise DataFileError(
                f"The column {taken[0]} cannot be kept: rejected rows have one of that"
                " name."
            )
        self.out = name_output(order.out, order.shard)
        check_output(self.out, order.inputs)
        self.scorer = scorer(
            order.artefact,
            keep=order.keep,
            on_invalid=order.on_invalid,
            ignore_unknown=order.ignore_unknown,
        )
        self.predictor = self.scorer.load().predictor
        self.paths = find_inputs(order.inputs)
        self._inputs = [*map(_describe_input, self.paths)]
        self.sizes = [size for _, size, _ in self._inputs]
        self.kept = self._check_inputs()
        check_kept(self.kept, self.out.suffix)
        self.schema = self.scorer.score(make_empty(self.kept)).answers.schema
        self.plan = self._describe_plan()
        self.digest = hashlib.sha256(self.plan).hexdigest()

    def _check_inputs(self) -> Any:
        """Return the schema of the columns that are kept. Raises DataFileError."""
        kept = None
        for path in self.paths:
            source = open_source(path, self.predictor.manifest.contract)
            is_typed = source.read_features is None
            self.scorer.columns.check(source.schema, str(path), is_typed=is_typed)
            found = pa.schema(
                [source.schema.field(n) for n in self.scorer.columns.keep]
            )
            found = found.remove_metadata()
            try:
                kept = pa.unify_schemas([kept or found, found])
            except pa.ArrowException:
                raise DataFileError(
                    f"{path} differs from {self.paths[0]} in the type of a column that"
                    " is kept."
                ) from None
        return kept

    def _describe_plan(self) -> bytes:
        """Return all that the pieces and their answers depend on."""
        order = self.order
        return orjson.dumps(
            {
                "format": (FORMAT, ROWS_AT_A_TIME, ROWS_OF_PIECE, BYTES_OF_PIECE),
                "artefact": self.scorer.digest,
                "inputs": self._inputs,
                "keep": order.keep,
                "on_invalid": order.on_invalid,
                "ignore_unknown": order.ignore_unknown,
                "shard": order.shard,
                "output": self.out.suffix,
            }
        )

    def refuse_changes(self) -> None:
        """Raise DataFileError where an input is not what it was at the start."""
        for path, before in zip(self.paths, self._inputs, strict=True):
            if _describe_input(path) != before:
                raise DataFileError(f"{path} was changed while it was scored.")

    def iterate_pieces(self) -> Iterator[Piece]:
        """Yield the pieces of this shard in order. Raises DataFileError."""
        number, count = self.order.shard
        total = sum(self.sizes)
        index = position = 0
        for file, path in enumerate(self.paths):
            for part in open_source(
                path, self.predictor.manifest.contract
            ).iterate_parts():
                if position * count // total == number:
                    yield Piece(index, file, part)
                index += 1
                position += part.weight


def _describe_input(path: Path) -> tuple[str, int, int]:
    """Return what tells an input from another of its name. Raises DataFileError."""
    with refuse_unreadable(path):
        found = path.stat()
    return str(path), found.st_size, found.st_mtime_ns


def name_output(out: Path, shard: tuple[int, int]) -> Path:
    """Return the file that a shard writes. Raises DataFileError."""
    if out.suffix not in OUTPUTS:
        raise DataFileError(f"{out} must end in {' or '.join(OUTPUTS)}.")
    if not out.parent.is_dir():
        raise DataFileError(f"There is no folder {out.parent} for {out.name}.")
    number, count = shard
    if count == 1:
        return out
    return out.with_stem(f"{out.stem}-{number:05}-of-{count:05}")
