"""python -m service judge: promote a canary, roll it back, or wait."""

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

import orjson

from service.update.addresses import SourceError
from service.update.evidence import CANARY, STABLE, EvidenceError
from service.update.judge import Judgement, Verdict
from service.update.prometheus import read_prometheus
from service.update.scales import Tolerance
from service.update.sources import Reading, list_replicas, read_replica
from service.update.verdicts import VerdictServer
from service.update.watch import Reader, Watch

EXIT_CODES: dict[Verdict, int] = {"promote": 0, "roll back": 1, "undecided": 2}

# Without a state, how long to wait between two looks.
SECONDS_BETWEEN_LOOKS = 10.0


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
    _add_sources(command)
    _add_looking(command)
    _add_tolerance(command)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=print_judgement)


def _add_sources(command: argparse.ArgumentParser) -> None:
    command.add_argument("--prometheus", metavar="URL", help="ask this Prometheus")
    command.add_argument(
        "--resolve",
        action="store_true",
        help="each URL names all replicas, as that of a headless Service does",
    )
    command.add_argument(
        "--key-file", type=Path, help="a file with a key of the scope metrics"
    )


def _add_looking(command: argparse.ArgumentParser) -> None:
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
        help="without --state: how long to look at most (default: %(default)s)",
    )
    command.add_argument(
        "--weight",
        type=float,
        metavar="PERCENT",
        help="the canary's share of requests: another one begins a stage",
    )
    command.add_argument(
        "--listen",
        type=read_port,
        metavar="PORT",
        help="look whenever GET /verdict?weight=PERCENT asks, and answer JSON",
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


def read_port(text: str) -> int:
    """Read the number of a port; 0 is one that is free."""
    port = int(text)
    if not 0 <= port < 2**16:
        raise argparse.ArgumentTypeError(f"{text} is no port")
    return port


def print_judgement(options: argparse.Namespace) -> None:
    """Print a judgement, and end with the exit code of its verdict."""
    try:
        watch = _begin(options)
        if options.listen is not None:
            VerdictServer(watch, options.listen).run()
        judgement = _judge(watch, options)
    except (SourceError, EvidenceError, OSError, UnicodeDecodeError) as error:
        print(f"FAIL  {error}", file=sys.stderr)
        raise SystemExit(2) from error
    if options.json:
        print(orjson.dumps(asdict(judgement)).decode())
    else:
        for reason in judgement.reasons:
            print(f"{reason.finding:6} {reason.figure}: {reason.sentence}")
        print(judgement.verdict)
    raise SystemExit(EXIT_CODES[judgement.verdict])


def _begin(options: argparse.Namespace) -> Watch:
    return Watch(
        _choose_reader(options),
        options.stable,
        options.canary,
        Tolerance(options.alpha, options.max_shift, options.max_errors),
        options.state,
        begins_anew=options.listen is not None,
    )


def _judge(watch: Watch, options: argparse.Namespace) -> Judgement:
    """Look once where there is a state, else until it is decided or the time is up."""
    judgement = watch.look(options.weight)
    end = time.monotonic() + options.window
    while not options.state and judgement.verdict == "undecided":
        left = end - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(left, SECONDS_BETWEEN_LOOKS))
        judgement = watch.look(options.weight)
    return judgement


def _choose_reader(options: argparse.Namespace) -> Reader:
    if options.prometheus:
        return partial(read_prometheus, options.prometheus)
    key = options.key_file.read_text().strip() if options.key_file else ""

    def read_replicas(url: str) -> Mapping[str, Reading]:
        urls = list_replicas(url) if options.resolve else [url]
        return {each: read_replica(each, key) for each in urls}

    return read_replicas
