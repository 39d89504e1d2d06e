"""deploy/rollout: the options, and the exit codes."""

import argparse
import getpass
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from rolling.deployment import Deployment
from rolling.docker import Compose, DockerError, RolloutError
from rolling.images import read_image
from rolling.journal import Journal
from rolling.lock import hold_lock, is_locked
from rolling.rollout import Plan, go_back, roll_out, stop_idle, switch
from rolling.stack import Stack
from rolling.telling import describe_entry, describe_served, describe_state, read_time
from rolling.traffic import STICKY

STATE = Path(__file__).parents[2] / ".local/rollout"
FAULT, INTERRUPTED = 2, 3

EPILOG = """\
Exits with 0 when it is done, 1 where the judge rolled back, 2 for a fault, in one
sentence, and 3 where it stopped on its way: paused, or interrupted."""


def main(arguments: Sequence[str]) -> int:
    """Do what is asked for, and return an exit code."""
    options = build_parser().parse_args(arguments)
    asked = ("image", "switch", "back", "stop", "status", "journal", "at")
    if not any(getattr(options, name) for name in asked):
        build_parser().error("name an image, or say what else to do")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return _run(options)
    except RolloutError as error:
        print(f"FAIL  {error}", file=sys.stderr)
    except OSError as error:
        place = error.filename or options.state
        print(f"FAIL  {place}: {error.strerror}.", file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    return FAULT


def build_parser() -> argparse.ArgumentParser:
    """Return what reads the options."""
    parser = argparse.ArgumentParser(prog="deploy/rollout", epilog=EPILOG)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("image", nargs="?", help="roll this image out, judged in stages")
    what.add_argument("--switch", metavar="IMAGE", help="let it answer all at once")
    for name, help_text in (
        ("back", "end the canary, or go back to the version before"),
        ("stop", "stop the version that answers nobody"),
        ("status", "print who answers whom"),
        ("journal", "print what was rolled out"),
    ):
        what.add_argument(f"--{name}", action="store_true", help=help_text)
    parser.add_argument(
        "--at",
        type=read_time,
        metavar="TIME",
        help="print who answered on a day, or at a time, of UTC",
    )
    _add_plan(parser)
    parser.add_argument("--state", type=Path, default=STATE, metavar="FOLDER")
    parser.add_argument("--by", default=find_person(), help="whom the journal names")
    return parser


def _add_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--weights",
        type=read_weights,
        default=(5, 25, 50),
        metavar="PERCENTS",
        help="of the stages, before it answers all (default: 5,25,50,100)",
    )
    parser.add_argument(
        "--sticky",
        choices=STICKY,
        help="what is hashed to say who is answered by the canary (default: request)",
    )
    for name, default, help_text in (
        ("every", 10.0, "from one look of the judge to the next"),
        ("stage", 3600.0, "after which a stage without a verdict is paused"),
    ):
        parser.add_argument(
            f"--{name}",
            type=read_seconds,
            default=default,
            metavar="SECONDS",
            help=f"{help_text} (default: %(default)s)",
        )
    for name in ("alpha", "max-shift", "max-errors"):
        help_text = "passed to the judge: python -m service judge --help"
        parser.add_argument(
            f"--{name}", type=read_share, metavar="SHARE", help=help_text
        )


def read_weights(text: str) -> tuple[int, ...]:
    """Read whole percents that grow; 100 is no stage, but what follows the last."""
    weights = [int(each) for each in text.split(",")]
    if weights and weights[-1] == 100:
        weights.pop()
    if not weights or weights[0] < 1 or weights[-1] > 99:
        raise argparse.ArgumentTypeError(
            "percents are from 1 to 99, and 100 at the end"
        )
    if weights != sorted(set(weights)):
        raise argparse.ArgumentTypeError("percents grow from one to the next")
    return tuple(weights)


def read_seconds(text: str) -> float:
    """Read a time, which may be none."""
    seconds = float(text)
    if not 0 <= seconds < threading.TIMEOUT_MAX:
        raise argparse.ArgumentTypeError(f"{text} is no time")
    return seconds


def read_share(text: str) -> float:
    """Read what the judge takes for a share."""
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return share


def find_person() -> str:
    """Return who runs this, and where."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container without this user
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def tell(sentence: str) -> None:
    """Print a sentence with its time."""
    print(time.strftime("%H:%M:%S"), sentence, flush=True)


def print_lines(lines: Iterable[str]) -> int:
    """Print what was asked for, and return the exit code."""
    for line in lines:
        print(line)
    return 0


def _run(options: argparse.Namespace) -> int:
    options.state.mkdir(parents=True, exist_ok=True)
    journal = Journal(options.state / "journal.jsonl", options.by)
    if options.journal or options.at:
        entries = journal.read()
        if options.at:
            return print_lines(describe_served(entries, *options.at))
        return print_lines(map(describe_entry, entries))
    stack = Stack(Compose(), options.state / "images.env")
    lock = options.state / "lock"
    if options.status:
        deployment = Deployment(stack, journal, tell)
        return print_lines(describe_state(deployment, is_running=is_locked(lock)))
    with hold_lock(lock, f"{options.by} since {time.strftime('%H:%M:%S')}"):
        return _change(options, stack, journal)


def _change(options: argparse.Namespace, stack: Stack, journal: Journal) -> int:
    """Do what changes who answers, and return an exit code."""
    name = options.image or options.switch
    image = read_image(name) if name else None
    deployment = Deployment(stack, journal, tell)
    deployment.note_found()
    try:
        if options.back:
            go_back(deployment)
        elif options.stop:
            stop_idle(deployment)
        elif image and options.switch:
            switch(deployment, image)
        elif image:
            return roll_out(deployment, image, _read_plan(options))
    except KeyboardInterrupt:
        deployment.interrupt()
        raise
    except (DockerError, OSError):
        if deployment.traffic.weight:
            tell(deployment.describe_canary())
        raise
    return 0


def _read_plan(options: argparse.Namespace) -> Plan:
    tolerance = []
    for name in ("alpha", "max_shift", "max_errors"):
        if (share := getattr(options, name)) is not None:
            tolerance += [f"--{name.replace('_', '-')}", str(share)]
    return Plan(
        options.weights,
        options.sticky,
        options.every,
        options.stage,
        options.state / "seen.json",
        tuple(tolerance),
    )
