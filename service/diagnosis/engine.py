"""What answers, and which steps it would answer faster without."""

from collections.abc import Callable, Iterator

from service.diagnosis.facts import EngineFacts
from service.diagnosis.finding import Finding
from service.model.prediction.engine import SCIKIT_LEARN, WORTHWHILE_SAVING_SECONDS

SUBJECT = "engine"

# A step that takes longer alone than the rest of a request is worth a change.
HEAVY_MICROSECONDS = 1e6 * WORTHWHILE_SAVING_SECONDS


def find_engine(facts: EngineFacts) -> Iterator[Finding]:
    """Yield that scikit-learn answers itself."""
    engine = facts.engine
    cure = "use what docs/plan.md says is compiled, and let SERVICE_PLAN be on"
    if facts.table == "tensors":
        cure = "where that is too slow, a network of docs/runtimes.md takes tensors too"
    if engine.name == SCIKIT_LEARN:
        yield Finding(
            "advice",
            SUBJECT,
            f"scikit-learn itself answers, in {engine.microseconds_alone:,.0f}"
            f" microseconds for one row ({engine.reason.rstrip('.')}): {cure}.",
        )


def find_uncompiled(facts: EngineFacts) -> Iterator[Finding]:
    """Yield which steps of a plan run as scikit-learn itself."""
    engine = facts.engine
    if engine.uncompiled_steps:
        names = " and ".join(dict.fromkeys(engine.uncompiled_steps))
        yield Finding(
            "advice",
            SUBJECT,
            f"{names} runs as scikit-learn itself ({engine.reason.rstrip('.')}): use"
            " what docs/plan.md says is compiled in its place.",
        )


def find_unbatched(facts: EngineFacts) -> Iterator[Finding]:
    """Yield that requests are predicted alone though together would be faster."""
    engine = facts.engine
    if engine.not_batched_because:
        saved = engine.microseconds_alone - engine.microseconds_of_sixteen
        yield Finding(
            "advice",
            SUBJECT,
            f"Requests are predicted one by one, at {saved:,.0f} microseconds more for"
            f" each ({engine.not_batched_because.rstrip('.')}): leave out the step that"
            " goes by the other rows, or send many instances in a request.",
        )


def find_heavy_step(facts: EngineFacts) -> Iterator[Finding]:
    """Yield the step that takes most of a row's time, if that is much."""
    alone = {step: step.microseconds_alone for step in facts.steps}
    heaviest = max(facts.steps, key=alone.__getitem__, default=None)
    if heaviest is None or alone[heaviest] <= HEAVY_MICROSECONDS:
        return
    share = alone[heaviest] / sum(alone.values())
    cure = "use something smaller"
    if heaviest.type.startswith("Network"):  # NetworkClassifier, and its kin
        cure = "use a smaller network, or a faster runtime of docs/runtimes.md"
    elif not heaviest.is_compiled:
        cure = "use what docs/plan.md says is compiled in its place"
    yield Finding(
        "advice",
        SUBJECT,
        f"{heaviest.type} in the step {heaviest.path!r} takes"
        f" {alone[heaviest]:,.0f} microseconds for one row, {share:.0%} of all:"
        f" {cure}.",
    )


CHECKS: tuple[Callable[[EngineFacts], Iterator[Finding]], ...] = (
    find_engine,
    find_uncompiled,
    find_unbatched,
    find_heavy_step,
)
