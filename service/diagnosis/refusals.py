"""What callers are refused, by reason, since the server was started."""

from collections.abc import Callable, Iterator

from service.diagnosis.facts import ServerFacts
from service.diagnosis.finding import Finding, count_of
from service.diagnosis.samples import Samples

SUBJECT = "refusals"

REJECTED = "http_requests_rejected_total"
VIOLATIONS = "model_contract_violations_total"
MOST_FIELDS = 3

# What each reason asks of whoever meets it.
CURES = {
    "bad_request": "look for invalid_request in the log, and mend that client",
    "malformed_json": "let that client send strict JSON, without NaN",
    "too_many_instances": "send fewer at a time, or raise SERVICE_MAX_INSTANCES",
    "too_large": "send fewer at a time, or raise SERVICE_MAX_BODY_BYTES",
    "media_type": "name the type of the body, such as application/json",
    "no_answer": "keep from the model what its pipeline has no answer for",
    "no_scope": "give that client a key of the scope that it needs",
    "no_key": "let that client send its key",
    "unknown_key": "make a key for that client, or have it use the one it was given",
    "no_route": "look up the paths of this server in /openapi.json",
    "no_method": "look up the methods of this server in /openapi.json",
    "slow_request": "look for callers on slow lines, or put a proxy before it",
    "deadline": "let callers wait for longer, or find out what is slow",
    "limit_requests": "raise that client's limit, or have it send more at a time",
    "limit_instances": "raise that client's limit of instances, or have it ask less",
    "limit_failures": "mend the client at that address, which sends no good key",
}


def count_refused(samples: Samples) -> dict[str, int]:
    """Return how many requests were refused, by reason, the most first."""
    found = samples.group(REJECTED, "reason")
    ranked = sorted(found.items(), key=lambda pair: -pair[1])
    return {reason: int(count) for reason, count in ranked}


def find_refused(facts: ServerFacts) -> Iterator[Finding]:
    """Yield what callers were refused that is their own to mend."""
    for reason, count in count_refused(facts.samples).items():
        if reason in CURES:
            yield Finding(
                "advice",
                SUBJECT,
                f"{count_of(count, 'request')} refused as {reason}: {CURES[reason]}.",
            )


def find_violations(facts: ServerFacts) -> Iterator[Finding]:
    """Yield which fields the contract refuses most."""
    refused = facts.samples.sum(REJECTED, reason="contract")
    if not refused:
        return
    places = sorted(facts.samples.find(VIOLATIONS), key=lambda sample: -sample.value)
    told = ", ".join(
        f"{each.labels['field']} {each.labels['kind']} in {each.value:.0f}"
        for each in places[:MOST_FIELDS]
    )
    yield Finding(
        "advice",
        SUBJECT,
        f"{count_of(refused, 'request')} broke the contract ({told}): mend the client,"
        " or package a version whose contract takes this.",
    )


def find_faults(facts: ServerFacts) -> Iterator[Finding]:
    """Yield how many requests ended in a fault of the service."""
    if count := facts.samples.sum(REJECTED, reason="fault"):
        yield Finding(
            "wrong",
            SUBJECT,
            f"{count_of(count, 'request')} ended in a 500: `fault` in the ERROR lines"
            " of the log is where, and if it began with this version, roll back.",
        )


CHECKS: tuple[Callable[[ServerFacts], Iterator[Finding]], ...] = (
    find_faults,
    find_refused,
    find_violations,
)
