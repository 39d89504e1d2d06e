"""python -m service judge: promote a canary, roll it back, or wait."""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import orjson

from service.update.evidence import (
    CANARY,
    STABLE,
    Evidence,
    EvidenceError,
    Readings,
    read_evidence,
    write_evidence,
)
from service.update.judge import (
    Judgement,
    Tolerance,
    Verdict,
    check_versions,
    judge,
    refuse_unreachable,
)
from service.update.sources import (
    Reading,
    SourceError,
    UnreachableError,
    read_prometheus,
    read_replica,
)

EXIT_CODES: dict[Verdict, int] = {"promote": 0, "roll back": 1, "undecided": 2}


def add_judge_command(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    command = commands.add_parser(
        "judge",
        help="compare a canary with the stable version, by their metrics",
        epilog="Exits with 0 to promote it, 1 to roll it back, and 2 where nothing is"
        " decided: not yet, or because of a fault, in one sentence.",
    )
    for arm in (STABLE, CANARY):
        command.add_argument(
            f"--{arm}",
            nargs="+",
            required=True,
            metavar="URL",
            help=f"the replicas of the {arm} version; with --prometheus, a selector",
        )
    _add_looking(command)
    _add_tolerance(command)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=print_judgement)


def _add_looking(command: argparse.ArgumentParser) -> None:
    command.add_argument("--prometheus", metavar="URL", help="ask this Prometheus")
    command.add_argument(
        "--key-file", type=Path, help="a file with a key of the scope metrics"
    )
    command.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="keeps what has been seen since the first look, which decides nothing",
    )
    command.add_argument(
        "--window",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="without --state: how long to look (default: %(default)s)",
    )
    command.add_argument(
        "--weight",
        type=float,
        metavar="PERCENT",
        help="the canary's share of requests: another one begins a stage",
    )


def _add_tolerance(command: argparse.ArgumentParser) -> None:
    defaults = Tolerance()
    for name, help_text in (
        ("alpha", "the chance that a version that is no worse is rolled back"),
        ("max-shift", "the share of answers that may be slower or otherwise"),
        ("max-errors", "the share of requests that may fail or be refused more"),
    ):
        command.add_argument(
            f"--{name}",
            type=read_share,
            default=getattr(defaults, name.replace("-", "_")),
            metavar="SHARE",
            help=f"{help_text} (default: %(default)s)",
        )


def read_share(text: str) -> float:
    """Read a number between 0 and 1."""
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return share


def print_judgement(options: argparse.Namespace) -> None:
    """Print a judgement, and end with the exit code of its verdict."""
    try:
        judgement = _judge(options)
    except (SourceError, EvidenceError, OSError) as error:
        print(f"FAIL  {error}", file=sys.stderr)
        raise SystemExit(2) from error
    if options.json:
        print(orjson.dumps(asdict(judgement)).decode())
    else:
        for reason in judgement.reasons:
            print(f"{reason.finding:6} {reason.figure}: {reason.sentence}")
        print(judgement.verdict)
    raise SystemExit(EXIT_CODES[judgement.verdict])


def _judge(options: argparse.Namespace) -> Judgement:
    read = _choose_reader(options)
    evidence = read_evidence(options.state) if options.state else Evidence()
    try:
        readings, away = _look(options, read, evidence)
        if not options.state:
            time.sleep(options.window)
            readings, away = _look(options, read, evidence)
    except _CanaryAwayError as error:
        return refuse_unreachable(str(error))
    if options.state:
        write_evidence(evidence, options.state)
    tolerance = Tolerance(options.alpha, options.max_shift, options.max_errors)
    return judge(evidence, readings, tolerance, away)


class _CanaryAwayError(Exception):
    """No replica of the canary answers."""


def _look(
    options: argparse.Namespace, read: Callable[[str], Reading], evidence: Evidence
) -> tuple[Readings, list[str]]:
    """Return what is read, and which replicas of the canary do not answer."""
    stable = {source: read(source) for source in options.stable}
    canary, away = dict[str, Reading](), list[str]()
    for source in options.canary:
        try:
            canary[source] = read(source)
        except UnreachableError as error:
            away.append(str(error))
    if not canary:
        raise _CanaryAwayError(away[0])
    readings = {STABLE: stable, CANARY: canary}
    check_versions(evidence, readings)
    evidence.begin_stage(options.weight)
    evidence.add(readings)
    return readings, away


def _choose_reader(options: argparse.Namespace) -> Callable[[str], Reading]:
    if options.prometheus:
        return lambda selector: read_prometheus(options.prometheus, selector)
    key = options.key_file.read_text().strip() if options.key_file else ""
    return lambda url: read_replica(url, key)
