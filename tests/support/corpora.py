"""The corpora of requests, and which answers the RFCs allow to each of them.

The README beside them names their sources and explains the members of a case.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from answers import Answer

FOLDER = Path(__file__).parents[1] / "functional/corpora"

# Statuses that refuse the framing of a request, whatever it asks for.
REFUSALS = frozenset({400, 411, 413, 414, 417, 431, 501, 505})

# 408 means that the server waited for more where it had seen enough to judge.
FAULTS = frozenset({408, *range(500, 600)}) - {501, 505}

CANARY_ID = "canary"
CANARY = (
    f"GET /health/live HTTP/1.1\r\nHost: a\r\nX-Request-ID: {CANARY_ID}\r\n"
    "Connection: close\r\n\r\n"
).encode()

# The id of a request smuggled in a body, or behind a request that is refused.
HIDDEN_ID = "hidden"

Outcome = Literal["served", "refused", "dropped"]


@dataclass(frozen=True)
class Case:
    """A request as raw bytes, and what a server that receives it may do."""

    name: str
    raw: str | list[Any]
    expects: Literal["served", "refused", "either"]
    rfc: str
    note: str = ""
    requests: int = 1
    first_fault: int | None = None
    closes: bool | Literal["may"] = False
    interim: bool = False
    ends: Literal["canary", "half_close", "open"] = "canary"
    status: Sequence[int] = ()
    headers: Sequence[str] = ()

    @property
    def data(self) -> bytes:
        """The bytes to send."""
        parts = [self.raw] if isinstance(self.raw, str) else self.raw
        texts = (part if isinstance(part, str) else part[0] * part[1] for part in parts)
        return "".join(texts).encode("latin-1")

    @property
    def outcomes(self) -> set[Outcome]:
        """The outcomes that the RFCs allow."""
        if self.ends == "half_close":
            return {"refused", "dropped"}
        return {"served", "refused"} if self.expects == "either" else {self.expects}

    @property
    def versions(self) -> set[str]:
        """The versions of HTTP that an answer may have.

        A server answers a newer minor version with its own:
        https://www.rfc-editor.org/rfc/rfc9110#section-2.5
        """
        return {"1.1", "1.0"} if b" HTTP/1.0" in self.data else {"1.1"}

    @property
    def is_head(self) -> bool:
        """Whether the first answer has no body."""
        return self.data.lstrip(b"\r\n").startswith(b"HEAD ")

    def find_outcome(self, answers: list[Answer]) -> Outcome | None:
        """Return the outcome that final answers show, or None if they break HTTP."""
        own = [a for a in answers if a.request_id != CANARY_ID]
        canaries = len(answers) - len(own)
        if any(a.request_id == HIDDEN_ID or a.status in FAULTS for a in own):
            return None
        if any(a.status in REFUSALS for a in own[:-1]) or canaries > 1:
            return None
        if self.ends == "half_close" and len(own) == self.requests - 1:
            return "dropped"
        if own and self._is_refusal(own[-1]):
            first = self.first_fault or self.requests
            is_read = first <= len(own) <= self.requests and not canaries
            return "refused" if is_read else None
        is_kept = self.closes == "may" or canaries == (not self.closes)
        return "served" if len(own) == self.requests and is_kept else None

    def _is_refusal(self, answer: Answer) -> bool:
        is_cut = self.ends == "half_close" and 400 <= answer.status < 500
        is_named = self.expects == "refused" and answer.status in self.status
        return answer.status in REFUSALS or is_cut or is_named


def load_cases() -> list[tuple[str, Case]]:
    """Return each case with the name of its corpus."""
    return [
        (path.stem, Case(**members))
        for path in sorted(FOLDER.glob("*.json"))
        for members in json.loads(path.read_text())
    ]
