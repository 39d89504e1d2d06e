"""A look of the judge, in a container of the stable version: none judges itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rolling.docker import RolloutError, find_reason
from rolling.images import Image
from rolling.stack import JUDGE, Stack, list_urls
from rolling.traffic import Traffic

KEY_FILE = "/keys/metrics-key"

# What has been seen goes in and comes out by its streams: no folder of the host needs
# to be one that the container's user may write.
SCRIPT = """
cat > /tmp/seen
[ -s /tmp/seen ] || rm /tmp/seen
python -m service judge "$@" --state /tmp/seen --json
code=$?
cat /tmp/seen 2> /dev/null
exit $code
"""


class JudgeError(RolloutError):
    """The judge could not look; the sentence says why."""


@dataclass(frozen=True)
class Judgement:
    """The verdict, and what each figure says."""

    verdict: str
    reasons: Sequence[dict[str, Any]] = ()

    @property
    def decisive(self) -> list[str]:
        """The verdict, and the figures for which it is not a better one."""
        return [self.verdict, *(reason["figure"] for reason in self._find_decisive())]

    def __str__(self) -> str:
        """Return the verdict, and the reasons for it."""
        told = [f"{r['figure']}: {r['sentence']}" for r in self._find_decisive()]
        return "; ".join([self.verdict, *told])

    def _find_decisive(self) -> list[dict[str, Any]]:
        finding = {"roll back": "worse", "undecided": "open"}.get(self.verdict)
        return [reason for reason in self.reasons if reason["finding"] == finding]


def look(
    stack: Stack,
    image: Image,
    traffic: Traffic,
    seen_file: Path,
    tolerance: Sequence[str] = (),
) -> Judgement:
    """Look at both versions once; `image` is the one whose judge is asked.

    `seen_file` keeps what has been seen. Raises JudgeError.
    """
    stack.compose.environment[JUDGE] = image.reference
    before = seen_file.read_text() if seen_file.exists() else ""
    done = stack.compose.attempt(
        *("run", "--rm", "--no-TTY", "--no-deps", "judge"),
        *("sh", "-c", SCRIPT, "judge", *_ask(traffic), *tolerance),
        given=before,
    )
    try:
        first, *rest = [line for line in done.stdout.splitlines() if line]
        document = json.loads(first)
        judgement = Judgement(document["verdict"], document["reasons"])
    except (ValueError, KeyError, TypeError):
        reason = find_reason(done.stderr).removeprefix("FAIL  ")
        raise JudgeError(f"The judge of {image} cannot look: {reason}") from None
    if rest:
        _replace(seen_file, rest[0])
    return judgement


def _ask(traffic: Traffic) -> list[str]:
    return [
        *("--stable", *list_urls(traffic.stable)),
        *("--canary", *list_urls(traffic.canary)),
        *("--key-file", KEY_FILE, "--weight", str(traffic.weight)),
    ]


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)
