"""Sample requests, and the answers that are right."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.client import compare_answers, fetch
from benchmarks.places import CREDIT
from benchmarks.server import Server
from benchmarks.soak.service import Service
from benchmarks.workload import build_workload

PREDICTIONS = b'"predictions":'


@dataclass(frozen=True, slots=True)
class Sample:
    """A request, and the end of the one answer that is right."""

    request: bytes
    answer: bytes = b""

    def fits(self, body: bytes) -> bool:
        """Return True if a body ends as it should: all answers are equal to a bit."""
        return bool(self.answer) and body.endswith(self.answer)


def write_request(server: Server, instances: Sequence[Any], *lines: str) -> bytes:
    """Return a request as it goes over the wire, with some more header lines."""
    body = json.dumps(server.encode(list(instances)), separators=(",", ":"))
    head = [
        f"POST {server.path} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name}: {value}" for name, value in server.headers.items()),
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *lines,
    ]
    return "\r\n".join([*head, "", body]).encode()


def prepare_samples(
    service: Service, size: int = 1, count: int = 64, artefact: Path = CREDIT
) -> list[Sample]:
    """Ask for instances of a model, and check and keep the answers.

    Raises WrongAnswerError where a quiet service answers otherwise than the pipeline.
    """
    workload = build_workload(artefact)
    samples = []
    for turn in range(count):
        first = turn * size % (len(workload.instances) - size + 1)
        part = slice(first, first + size)
        body = fetch(service.server, workload.instances[part], service.port)
        answers = service.server.decode(json.loads(body))
        compare_answers(service.server.name, answers, workload.expected[part])
        request = write_request(service.server, workload.instances[part])
        samples.append(keep_sample(request, body))
    return samples


def keep_sample(request: bytes, body: bytes) -> Sample:
    """Return a request as a sample whose right answer has this body."""
    return Sample(request, body[body.index(PREDICTIONS) :])
