"""The call under way: what the parts that a request passes tell one another of it.

It lies in the WSGI environment, where it is found at the price of one look-up.
"""

from dataclasses import dataclass

from flask import request

from service.web.keys import Client

PLACE = "service.call"

# What the worker says of a request: time.monotonic() by which it wants the answer, and
# the exception to answer with where it takes none.
DEADLINE = "service.deadline"
REFUSAL = "service.refusal"


@dataclass(slots=True)
class Call:
    """A request's id, when it began (time.perf_counter), and what came of it."""

    request_id: str
    started: float
    client: Client | None = None
    instances: int | None = None
    fault: Exception | None = None


def current_call() -> Call:
    """Return the call of the request that this thread answers."""
    call: Call = request.environ[PLACE]
    return call
