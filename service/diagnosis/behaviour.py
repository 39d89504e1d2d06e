"""What a version answers: how it drifts, its shadow, other versions beside it."""

from collections.abc import Callable, Iterator

from service.diagnosis.facts import ServerFacts
from service.diagnosis.finding import Finding, count_of
from service.model.drift.figures import LARGE_PSI
from service.update.sources import INFO, PSI

SHADOW = "model_shadow"
SHADOW_EXITS = f"{SHADOW}_exits_total"  # begins at 0, where there is a shadow

# How a shadow's requests and processes end that should not.
SHADOW_FAULTS = {
    "failed": "failed in the shadow",
    "refused": "broke the contract of the shadow, and not the one that answers",
}


def find_drift(facts: ServerFacts) -> Iterator[Finding]:
    """Yield which features and scores drift beyond the level of the alert."""
    for sample in facts.samples.find(PSI):
        if sample.value >= LARGE_PSI:
            yield Finding(
                "wrong",
                "drift",
                f"{sample.labels['feature']} has a PSI of {sample.value:.2f}, where"
                f" {LARGE_PSI} is much: tell the model's owner, for whom GET /v1/drift"
                " has all figures.",
            )


def find_versions(facts: ServerFacts) -> Iterator[Finding]:
    """Yield that several versions answer at one address."""
    labels = [sample.labels for sample in facts.samples.find(INFO)]
    versions = facts.versions | {each["version"] for each in labels}
    if len(versions) > 1:
        yield Finding(
            "advice",
            "versions",
            f"The versions {' and '.join(sorted(versions))} answer at this address:"
            " unless a rollout is on its way, replace the replicas that were left.",
        )


def find_shadow(facts: ServerFacts) -> Iterator[Finding]:
    """Yield that a shadow takes no requests, or has ended."""
    samples = facts.samples
    if samples.has(SHADOW_EXITS) and not samples.sum(f"{SHADOW}_ready"):
        yield Finding(
            "advice",
            "shadow",
            "The shadow takes no requests: wait for its start, or see shadow_not_ready"
            " in the log for the reason.",
        )
    exits = samples.group(SHADOW_EXITS, "reason")
    if exits:
        told = ", ".join(f"{reason} {count:.0f}" for reason, count in exits.items())
        yield Finding(
            "advice",
            "shadow",
            f"The shadow has ended ({told}): see shadow_ended in the log for when, and"
            " package a version that does not.",
        )


def find_shadow_faults(facts: ServerFacts) -> Iterator[Finding]:
    """Yield how many requests the shadow could not answer."""
    outcomes = facts.samples.group(f"{SHADOW}_requests_total", "outcome")
    for outcome, words in SHADOW_FAULTS.items():
        if count := outcomes.get(outcome):
            yield Finding(
                "advice",
                "shadow",
                f"{count_of(count, 'request')} {words}: do not promote it before"
                " GET /v1/shadow and the log have said why.",
            )


CHECKS: tuple[Callable[[ServerFacts], Iterator[Finding]], ...] = (
    find_drift,
    find_versions,
    find_shadow,
    find_shadow_faults,
)
