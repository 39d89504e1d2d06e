"""Files, folders and globs as files in order."""

import glob
import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePath

from service.batch.arrow_source import ArrowSource
from service.batch.csv_source import CsvSource
from service.batch.parquet_source import ParquetSource
from service.batch.piece import Source, refuse_unreadable
from service.model.contract.features import Contract
from service.model.errors import DataFileError
from service.regular_file import open_regular

PARQUET, CSV = ".parquet", ".csv"
ARROW = (".arrow", ".feather", ".ipc")
SUFFIXES = (PARQUET, CSV, *ARROW)


def open_source(path: Path, contract: Contract) -> Source:
    """Open an input by the suffix of its name. Raises DataFileError."""
    with refuse_unreadable(path):
        os.close(open_regular(str(path)))  # it is read twice, as a pipe cannot be
    if path.suffix == PARQUET:
        return ParquetSource(path)
    return CsvSource(path, contract) if path.suffix == CSV else ArrowSource(path)


def find_inputs(names: Sequence[str]) -> list[Path]:
    """Return the files of folders and globs in the order of their names.

    Those whose name begins with a dot or an underscore are none, as engines have it.
    Raises DataFileError.
    """
    found: dict[Path, str] = {}
    for name in names:
        paths = [*_iterate_files(name)]
        if not paths:
            raise DataFileError(f"{name} has no file that could be scored.")
        for path in paths:
            if path.suffix not in SUFFIXES:
                raise DataFileError(
                    f"{path} is none of {', '.join(SUFFIXES)}, by its name."
                )
            if path in found:
                raise DataFileError(f"{path} is named twice.")
            found[path] = name
    return [*found]


def _iterate_files(name: str) -> Iterator[Path]:
    path = Path(name)
    if path.is_dir():
        files = sorted(path.rglob("*"))
        yield from (
            each for each in files if not _is_hidden(each, path) and not each.is_dir()
        )
    elif path.exists() or not glob.has_magic(name):
        yield path
    else:
        yield from map(Path, sorted(glob.glob(name, recursive=True)))


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part[0] in "._" for part in path.relative_to(folder).parts)


def check_output(out: Path, names: Sequence[str]) -> None:
    """Refuse an output that the next run would read. Raises DataFileError."""
    whole = out.absolute()
    for name in names:
        folder = Path(name)
        if folder.is_dir():
            is_inside = whole.resolve().is_relative_to(folder.resolve())
        else:
            pattern = str(folder.absolute())
            is_match = fnmatch if "**" in name else PurePath.match
            is_inside = is_match(whole, pattern)
        if is_inside:
            raise DataFileError(f"{out} lies in {name}, which is read: choose another.")
