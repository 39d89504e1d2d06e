"""python -m service score: files of any size, answered offline."""

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import joblib

from service.batch.arrow import require_arrow
from service.batch.progress import Progress
from service.batch.score_job import Run
from service.batch.score_order import Order
from service.model.errors import ModelError
from service.settings import Settings, SettingsError

EPILOG = (
    "Exits with 0 where every row was answered, 1 where some were rejected, and 2 for a"
    " fault, in one sentence."
)

# What Kubernetes calls the number of a pod of an indexed Job.
INDEX = "JOB_COMPLETION_INDEX"


def add_score_command(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    command = commands.add_parser(
        "score", help="answer all rows of files, offline", epilog=EPILOG
    )
    command.add_argument("artefact", type=Path)
    command.add_argument(
        "inputs",
        nargs="+",
        metavar="IN",
        help="Parquet, CSV or Arrow: files, folders or globs",
    )
    command.add_argument(
        "--out", type=Path, required=True, help="a new file, .parquet or .csv"
    )
    _add_options(command)
    command.set_defaults(run=score)


def _add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--keep",
        nargs="+",
        action="extend",
        default=[],
        metavar="COLUMN",
        help="carry columns into the output, such as a key",
    )
    command.add_argument(
        "--ignore-unknown",
        action="store_true",
        help="ignore columns that are no features",
    )
    command.add_argument(
        "--on-invalid",
        choices=("reject", "stop"),
        default="reject",
        help="write rows that break the contract beside the output, or stop at one",
    )
    command.add_argument(
        "--resume", action="store_true", help="go on where a run was interrupted"
    )
    command.add_argument(
        "--processes", type=read_count, default=joblib.cpu_count(), metavar="N"
    )
    command.add_argument(
        "--shard",
        type=read_shard,
        default=(0, 1),
        metavar="I/N",
        help=f"score the part I, from 0, of N; of N alone I is ${INDEX}",
    )


def read_count(text: str) -> int:
    """Return a number of processes. Raises ValueError."""
    count = int(text)
    if count < 1:
        raise ValueError(text)
    return count


def read_shard(text: str) -> tuple[int, int]:
    """Return the number of a shard and how many there are. Raises ValueError."""
    number, _, count = text.rpartition("/")
    shard = int(number or os.environ.get(INDEX, "")), int(count)
    if not 0 <= shard[0] < shard[1]:
        raise ValueError(text)
    return shard


@contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """Take SIGTERM for Ctrl-C. The first process of a container would ignore it."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def score(options: argparse.Namespace) -> None:
    """Score files, say what came of them, and end with the exit code of that."""
    try:
        require_arrow()
        order = Order(
            artefact=options.artefact,
            inputs=options.inputs,
            out=options.out,
            keep=options.keep,
            on_invalid=options.on_invalid,
            ignore_unknown=options.ignore_unknown,
            processes=options.processes,
            is_resuming=options.resume,
            shard=options.shard,
            minimum_count=Settings.from_environment().drift_min_count,
        )
        progress = Progress()
        try:
            with interrupted_by_sigterm():
                found = Run(order).score(progress)
        finally:
            progress.close()
    except (ModelError, SettingsError, OSError) as error:
        print(f"FAIL  {error}", file=sys.stderr)
        raise SystemExit(2) from error
    except KeyboardInterrupt:
        print("stopped: what is scored is kept for --resume", file=sys.stderr)
        raise SystemExit(2) from None
    rate = found["rows"] / max(found["seconds"], 1e-9)
    print(
        f"{found['answered']:,} rows answered, {found['rejected']:,} rejected,"
        f" {found['with_warnings']:,} with warnings:"
        f" {found['seconds']:,.1f} s, {rate:,.0f} rows/s"
    )
    raise SystemExit(1 if found["rejected"] else 0)
