"""What is asked, and the answers that are right."""

import json
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.client import TOLERANCE, WrongAnswerError
from benchmarks.ours import Ours
from benchmarks.workload import Instance, Workload

PREDICTIONS = b'"predictions":'


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and the end of the one answer that is right."""

    request: bytes
    answer: bytes = b""

    def fits(self, body: bytes) -> bool:
        """Say whether a body ends as it should: all answers are the same to a bit."""
        return bool(self.answer) and body.endswith(self.answer)


def write_request(ours: Ours, instances: Sequence[Any], *lines: str) -> bytes:
    """Return a request as it goes over the wire."""
    body = json.dumps(ours.encode(list(instances)), separators=(",", ":"))
    head = [
        f"POST {ours.path} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name}: {value}" for name, value in ours.headers.items()),
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *lines,
    ]
    return "\r\n".join([*head, "", body]).encode()


def prepare_questions(
    ours: Ours, workload: Workload, port: int, size: int, count: int
) -> list[Question]:
    """Ask each question once, check the answer, and take it for the right one.

    Raises WrongAnswerError where a quiet service answers otherwise than the pipeline.
    """
    questions = []
    for turn in range(count):
        first = turn * size % (len(workload.instances) - size + 1)
        instances = workload.instances[first : first + size]
        body = fetch(ours, instances, port)
        answers = ours.decode(json.loads(body))
        expected = workload.expected[first : first + size]
        if not all(
            abs(answer - right) <= TOLERANCE
            for answer, right in zip(answers, expected, strict=True)
        ):
            raise WrongAnswerError("The service answered otherwise than its pipeline.")
        questions.append(prepare_question(ours, instances, body))
    return questions


def prepare_question(
    ours: Ours, instances: Sequence[Instance], body: bytes, *lines: str
) -> Question:
    """Return the question that has this answer, with some more header lines."""
    answer = body[body.index(PREDICTIONS) :]
    return Question(write_request(ours, instances, *lines), answer)


def fetch(ours: Ours, instances: Sequence[Instance], port: int) -> bytes:
    """Ask once, and return the body of the answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{ours.path}",
        json.dumps(ours.encode(list(instances))).encode(),
        {"Content-Type": "application/json", **ours.headers},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        body: bytes = response.read()
    return body
