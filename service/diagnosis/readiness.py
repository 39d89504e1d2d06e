"""Whether a server takes work, and why not."""

from collections.abc import Callable, Iterator

import msgspec

from service.diagnosis.facts import ServerFacts
from service.diagnosis.finding import Finding, count_of
from service.model.errors import write_line
from service.update.addresses import HttpAnswer
from service.update.sources import MISMATCHES, READY

SUBJECT = "readiness"


def find_refusing(facts: ServerFacts) -> Iterator[Finding]:
    """Yield why a server takes no work, in its own words."""
    status, reason = facts.ready.status, read_detail(facts.ready).rstrip(".")
    cure = "name the address of a server of this service"
    if status == 503:
        cure = (
            f"{reason or 'it does not say why'}; unless it is about to stop, roll the"
            " image back, and see not_ready in the log"
        )
    if status != 200:
        words = f"GET /health/ready answers {status}"
        yield Finding("wrong", SUBJECT, f"{words}: {cure}.")


def read_detail(answer: HttpAnswer) -> str:
    """Return what a problem says in detail, on one line."""
    try:
        problem = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return write_line(detail) if isinstance(detail, str) else ""


def find_mismatches(facts: ServerFacts) -> Iterator[Finding]:
    """Yield how many workers do not answer as training did."""
    if count := facts.samples.sum(MISMATCHES):
        yield Finding(
            "wrong",
            SUBJECT,
            f"{count_of(count, 'worker')} failed to answer the golden records as"
            " training did: roll the image back; not_ready in the log says which.",
        )


def find_unready(facts: ServerFacts) -> Iterator[Finding]:
    """Yield how many workers take no work."""
    workers, ready = facts.samples.sum("service_workers"), facts.samples.sum(READY)
    if ready < workers:
        yield Finding(
            "wrong",
            SUBJECT,
            f"Of {count_of(workers, 'worker')}, {ready:.0f} can take work: ask again in"
            " a minute, and restart the server if that has not changed.",
        )


def find_ended(facts: ServerFacts) -> Iterator[Finding]:
    """Yield how many workers have ended."""
    if count := facts.samples.sum("service_worker_exits_total"):
        yield Finding(
            "advice",
            SUBJECT,
            f"{count_of(count, 'worker')} ended, to be replaced: unless by a reload,"
            " look for worker_hung and for memory in the log.",
        )


CHECKS: tuple[Callable[[ServerFacts], Iterator[Finding]], ...] = (
    find_refusing,
    find_mismatches,
    find_unready,
    find_ended,
)
