"""A file of rows, CSV, Parquet or JSON Lines, read in pieces: it may be large."""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from service.model.contract.features import Contract, Table
from service.model.contract.table_rows import read_columns
from service.model.errors import DataFileError, describe_error
from service.model.lines_file import is_lines_file, iterate_fields, iterate_instances
from service.regular_file import open_regular

try:
    import polars as pl
except ModuleNotFoundError:  # which only Parquet needs
    pl = None  # type: ignore[assignment]

Row = dict[str, Any]

ROWS_AT_A_TIME = 1000

# What the instances of a model are that no columns of values hold.
UNTABLED: dict[Table, str] = {"tensors": "tensors", "mapping": "any fields"}

# Polars opens a file anew for each piece, which takes as long as a thousand rows.
PARQUET_ROWS = 50 * ROWS_AT_A_TIME


def iterate_rows(
    path: Path, contract: Contract, target: str = ""
) -> Iterator[list[Any]]:
    """Yield the instances of a file; its columns that are no features are ignored.

    So is the target, of a model that takes any fields. Raises DataFileError.
    """
    if is_lines_file(path):
        with _refuse_unreadable(path):
            os.close(open_regular(str(path)))
            yield from iterate_instances(path, contract, target, ROWS_AT_A_TIME)
        return
    if contract.table in UNTABLED:
        raise DataFileError(
            f"{path} has columns of values, and the model takes"
            f" {UNTABLED[contract.table]}: write JSON Lines, an instance a line, to a"
            " file that is named .jsonl."
        )
    features = {feature.name: feature for feature in contract.features}
    dates = {n for n, f in features.items() if f.is_date}
    texts = dates | {n for n, f in features.items() if f.type == "string"}
    required = [n for n, f in features.items() if f.required]
    for rows in iterate_columns(path, list(features), required, texts):
        for row in rows:
            for name in dates & row.keys():  # pandas writes a space for the T
                if isinstance(row[name], str):
                    row[name] = row[name].replace(" ", "T", 1)
        yield rows


def iterate_columns(
    path: Path,
    names: Sequence[str],
    required: Collection[str],
    texts: Collection[str] = (),
) -> Iterator[list[Row]]:
    """Yield rows of some columns, ROWS_AT_A_TIME at most; `texts` are read as text.

    Raises DataFileError, where one that is required is missing, too.
    """
    with _refuse_unreadable(path):
        os.close(open_regular(str(path)))  # it is read twice, as a pipe cannot be
        if path.suffix == ".parquet":
            yield from _iterate_parquet(path, names, required)
        elif is_lines_file(path):
            yield from iterate_fields(path, names, required, ROWS_AT_A_TIME)
        else:
            yield from _iterate_csv(path, names, required, texts)


def _iterate_csv(
    path: Path,
    names: Sequence[str],
    required: Collection[str],
    texts: Collection[str],
) -> Iterator[list[Row]]:
    found = pd.read_csv(path, nrows=0).columns
    _check_columns(path, required, found)
    with pd.read_csv(
        path,
        dtype=dict.fromkeys(set(texts).intersection(found), str),
        usecols=[name for name in names if name in found],
        chunksize=ROWS_AT_A_TIME,
    ) as frames:
        for frame in frames:
            if frame.empty:  # as after a header alone
                continue
            columns = read_columns(frame, range(len(frame)))
            yield [
                dict(zip(frame.columns, row, strict=True))
                for row in zip(*columns, strict=True)
            ]


def _iterate_parquet(
    path: Path, names: Sequence[str], required: Collection[str]
) -> Iterator[list[Row]]:
    if pl is None:
        raise DataFileError(f"{path} is Parquet, which polars reads: install it.")
    try:
        scan = pl.scan_parquet(path)
        found = scan.collect_schema().names()
        _check_columns(path, required, found)
        wanted = scan.select([name for name in names if name in found])
        start = 0
        while rows := wanted.slice(start, PARQUET_ROWS).collect().to_dicts():
            for begin in range(0, len(rows), ROWS_AT_A_TIME):
                part = rows[begin : begin + ROWS_AT_A_TIME]
                yield [{n: _to_plain(v) for n, v in row.items()} for row in part]
            start += PARQUET_ROWS
    except pl.exceptions.PolarsError as error:
        raise DataFileError(
            f"{path} cannot be read as Parquet: {describe_error(error)}."
        ) from None


def _to_plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return None if value != value else value  # noqa: PLR0124 - a NaN is no value


def _check_columns(
    path: Path, required: Collection[str], found: Collection[str]
) -> None:
    missing = [name for name in required if name not in found]
    if missing:
        raise DataFileError(f"{path} lacks the columns {', '.join(missing)}.")


@contextmanager
def _refuse_unreadable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or describe_error(error)
        raise DataFileError(f"{path} cannot be read: {reason}.") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataFileError(
            f"{path} cannot be read as CSV: {describe_error(error)}."
        ) from None
