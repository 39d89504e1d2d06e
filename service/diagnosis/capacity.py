"""Whether there are enough workers, and room for what comes."""

from collections.abc import Callable, Iterator

from service.diagnosis.facts import ServerFacts
from service.diagnosis.finding import Finding, count_of
from service.diagnosis.refusals import REJECTED
from service.update.counts import DURATION

SUBJECT = "capacity"

# What an alert is raised for: `ModelServiceErrors`.
MOST_REFUSED_SHARE = 0.01

# One answers while the other is replaced; gunicorn.conf.py has no fewer.
LEAST_WORKERS = 2


def find_idle_processors(facts: ServerFacts) -> Iterator[Finding]:
    """Yield that there are fewer workers than processors."""
    workers, processors = _count(facts)
    if processors and 0 < workers < processors:
        yield Finding(
            "advice",
            SUBJECT,
            f"{count_of(workers, 'worker')} for {processors} processors: unset"
            " WEB_CONCURRENCY, or give the container a smaller quota.",
        )


def find_crowd(facts: ServerFacts) -> Iterator[Finding]:
    """Yield that there are more workers than processors."""
    workers, processors = _count(facts)
    if processors and workers > max(LEAST_WORKERS, processors):
        yield Finding(
            "advice",
            SUBJECT,
            f"{workers} workers wait for {count_of(processors, 'processor')}: unset"
            " WEB_CONCURRENCY, or give the container a larger quota.",
        )


def _count(facts: ServerFacts) -> tuple[int, int | None]:
    return int(facts.samples.sum("service_workers")), facts.processors


def find_overload(facts: ServerFacts) -> Iterator[Finding]:
    """Yield how many requests found no room."""
    refused = facts.samples.sum(REJECTED, reason="overloaded")
    if refused:
        requests = facts.samples.sum(f"{DURATION}_count")
        share = refused / requests if requests else 1.0
        yield Finding(
            "wrong" if share > MOST_REFUSED_SHARE else "advice",
            SUBJECT,
            f"{count_of(refused, 'request')} found no room, {share:.1%} of all: find"
            " who sends most in the log and lower that client's limit, or add servers.",
        )


CHECKS: tuple[Callable[[ServerFacts], Iterator[Finding]], ...] = (
    find_idle_processors,
    find_crowd,
    find_overload,
)
