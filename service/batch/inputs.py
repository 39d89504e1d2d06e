"""Files, folders and globs as files in order."""

import glob
import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from itertools import takewhile
from pathlib import Path, PurePath

from service.batch.arrow_source import ArrowSource
from service.batch.csv_source import CsvSource
from service.batch.parquet_source import ParquetSource
from service.batch.piece import Source, refuse_unreadable
from service.model.contract.features import Contract
from service.model.errors import DataFileError, escape_controls
from service.regular_file import open_regular

PARQUET, CSV = ".parquet", ".csv"
ARROW = (".arrow", ".feather", ".ipc")
SUFFIXES = (PARQUET, CSV, *ARROW)

# The folders in which Delta Lake and Hudi keep which files are part of a table.
LOGS = {"_delta_log", ".hoodie"}


def open_source(path: Path, contract: Contract, coded: Sequence[str] = ()) -> Source:
    """Open an input by the suffix of its name. Raises DataFileError.

    `coded` are columns of texts that may be read as codes.
    """
    with refuse_unreadable(path):
        os.close(open_regular(str(path)))  # it is read twice, as a pipe cannot be
    if path.suffix == PARQUET:
        return ParquetSource(path, coded)
    return CsvSource(path, contract) if path.suffix == CSV else ArrowSource(path)


def find_inputs(names: Sequence[str]) -> list[Path]:
    """Return the files of folders and globs in the order of their names.

    Those whose name begins with a dot or an underscore are none, as engines have it.
    Raises DataFileError.
    """
    found: dict[str, Path] = {}
    for name in names:
        paths = [*_iterate_files(name)]
        if not paths:
            raise DataFileError(f"{name} has no file that could be scored.")
        for path in paths:
            if not _is_unicode(path):
                told = escape_controls(str(path))
                raise DataFileError(f"{told} has a name that is not in UTF-8.")
            if path.suffix not in SUFFIXES:
                raise DataFileError(
                    f"{path} is none of {', '.join(SUFFIXES)}, by its name."
                )
            real = os.path.realpath(path)  # a link, or an absolute path beside another
            if real in found:
                raise DataFileError(f"{path} is named twice: it is {found[real]}.")
            found[real] = path
    return [*found.values()]


def _is_unicode(path: Path) -> bool:
    """Return False for a name that neither a manifest nor pyarrow can hold."""
    try:
        return bool(str(path).encode())
    except UnicodeEncodeError:
        return False


def _iterate_files(name: str) -> Iterator[Path]:
    path = Path(name)
    if path.is_dir():
        yield from sorted(_walk(path))
    elif path.exists() or not glob.has_magic(name):
        yield path
    else:
        yield from map(Path, sorted(glob.glob(name, recursive=True)))


def _walk(folder: Path) -> Iterator[Path]:
    """Yield all files of a folder. Raises DataFileError for what would lose some."""

    def refuse(error: OSError) -> None:
        raise DataFileError(f"{error.filename} cannot be read: {error.strerror}.")

    for root, folders, files in os.walk(folder, onerror=refuse):
        for log in LOGS.intersection(folders):
            raise DataFileError(
                f"{root} is a table with a log ({log}), by which some of its files may"
                " be no part of it: read it by its library, and score what that gives."
            )
        folders[:] = [each for each in folders if not _is_hidden(each)]
        for link in filter(os.path.islink, (Path(root, each) for each in folders)):
            raise DataFileError(
                f"{link} is a link to a folder, which is not followed: name files by"
                " globs."
            )
        yield from (Path(root, each) for each in files if not _is_hidden(each))


def _is_hidden(name: str) -> bool:
    return name[0] in "._"


def check_output(out: Path, names: Sequence[str]) -> None:
    """Refuse an output that the next run would read. Raises DataFileError."""
    whole = out.parent.resolve() / out.name
    for name in names:
        folder = Path(name)
        if folder.is_dir():
            is_inside = whole.is_relative_to(folder.resolve())
        else:
            is_match = fnmatch if "**" in name else PurePath.match
            is_inside = is_match(whole, str(_resolve_pattern(folder)))
        if is_inside:
            raise DataFileError(f"{out} lies in {name}, which is read: choose another.")


def _resolve_pattern(pattern: Path) -> Path:
    """Return a glob without links, as far as it names folders."""
    parts = pattern.absolute().parts
    named = [*takewhile(lambda part: not glob.has_magic(part), parts[:-1])]
    return Path(*named).resolve().joinpath(*parts[len(named) :])
