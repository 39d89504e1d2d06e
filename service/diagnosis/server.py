"""A server: what is wrong with it, and what its time goes to."""

from collections.abc import Callable, Iterator

from service.diagnosis import (
    behaviour,
    capacity,
    engine,
    latency,
    readiness,
    refusals,
    state,
)
from service.diagnosis.facts import ServerFacts
from service.diagnosis.finding import Finding
from service.diagnosis.inquiry import Inquiry, ask_server
from service.diagnosis.report import Report
from service.update.addresses import SourceError, UnreachableError, split_address
from service.update.sources import INFO

CHECKS: tuple[Callable[[ServerFacts], Iterator[Finding]], ...] = (
    *readiness.CHECKS,
    *capacity.CHECKS,
    *latency.CHECKS,
    *refusals.CHECKS,
    *state.CHECKS,
    *behaviour.CHECKS,
)

SUBJECT = "metrics"
WHAT_FOR = "only readiness is known: name a key of the scope metrics by --key-file"


def examine_server(address: str, key: str = "") -> Report:
    """Return what is wrong with a server, and what its time goes to.

    Raises SourceError where there is no address, no key that can be sent, or metrics
    that cannot be understood.
    """
    address = address.rstrip("/")
    try:
        inquiry = ask_server(address, key)
    except UnreachableError as error:
        sentence = f"{str(error).rstrip('.')}: start it, or name another address."
        return Report(address, (Finding("wrong", readiness.SUBJECT, sentence),))
    try:
        return _examine(address, inquiry)
    except (LookupError, ValueError, ArithmeticError):
        place = split_address(address).netloc
        raise SourceError(
            f"{place} answers with metrics that this service would not write."
        ) from None


def _examine(address: str, inquiry: Inquiry) -> Report:
    """Raise any of three errors where a label is missing, or a count is no number."""
    facts = inquiry.read_facts()
    findings = [*find_closed(inquiry, facts)]
    for check in CHECKS:
        findings += check(facts)
    answering = inquiry.read_engine()
    if answering is not None:
        for check_engine in engine.CHECKS:
            findings += check_engine(answering)
    return Report(
        f"{name_models(facts)} at {address}",
        tuple(findings),
        answering.engine if answering else None,
        stages=tuple(latency.list_stages(facts.samples)),
        refused=refusals.count_refused(facts.samples),
    )


def find_closed(inquiry: Inquiry, facts: ServerFacts) -> Iterator[Finding]:
    """Yield why nothing is known but readiness."""
    if inquiry.metrics is None:
        yield Finding("advice", SUBJECT, f"Without a key {WHAT_FOR}.")
    elif inquiry.metrics.status in (401, 403):
        words = f"GET /metrics answers {inquiry.metrics.status}, and"
        yield Finding("advice", SUBJECT, f"{words} {WHAT_FOR}.")
    elif inquiry.metrics.status == 429:
        detail = readiness.read_detail(inquiry.metrics).rstrip(".")
        words = f"GET /metrics answers 429 ({detail})"
        cure = "wait, or give that client a larger limit"
        yield Finding("advice", SUBJECT, f"{words}: {cure}.")
    elif not facts.samples.has(INFO):
        yield Finding(
            "wrong",
            SUBJECT,
            f"GET /metrics answers {inquiry.metrics.status} without metrics of a model:"
            " name the address of a server of this service.",
        )


def name_models(facts: ServerFacts) -> str:
    """Return the names and versions of what is served."""
    labels = [sample.labels for sample in facts.samples.find(INFO)]
    names = {f"{each['name']} {each['version']}" for each in labels}
    return ", ".join(sorted(names)) or "a server"
