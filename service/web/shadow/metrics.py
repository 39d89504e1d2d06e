"""The metrics of the shadow, some counted by workers and some by its own process."""

from functools import partial
from typing import Literal, get_args

from service.web.monitoring.counts import Counts
from service.web.monitoring.metric_kinds import Counter, Histogram, MaxGauge, SumGauge
from service.web.monitoring.metrics import DURATIONS

PREFIX = "model_shadow_"

# The number under which the shadow's process counts; -1 is the master's.
SHADOW_SLOT = -2

# Why a request was not compared: too many wait, no shadow was ready, or it ended
# before it was done with the request.
Drop = Literal["queue_full", "away", "lost"]
DROPS: tuple[Drop, ...] = get_args(Drop)

# What came of a request: both versions answered, the shadow would have answered with a
# 4xx, or with a 500.
Outcome = Literal["compared", "refused", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

# Why the shadow ended: by SIGKILL, as the kernel ends a process for want of memory; an
# answer took too long; its own bound of memory; it may not answer; another fault; or
# a worker had started it that has ended since.
Exit = Literal["killed", "timeout", "memory", "not_ready", "failed", "unknown"]
EXITS: tuple[Exit, ...] = get_args(Exit)

VERSIONS = ("stable", "shadow")

# None, what two exact forms of one model may differ by, and then three in each power of
# ten: a difference may be of probabilities or of prices.
DIFFERENCES = (
    *(0.0, 1e-12, 1e-9),
    *(float(f"{digit}e{power}") for power in range(-6, 7) for digit in (1, 2, 5)),
)


class ShadowInstruments:
    """What is counted of the shadow."""

    def __init__(self, counts: Counts) -> None:
        counter, histogram = partial(Counter, counts), partial(Histogram, counts)
        self.dropped = counter(
            f"{PREFIX}dropped",
            "Requests of the sample that were not compared.",
            ("reason",),
        )
        self.exits = counter(
            f"{PREFIX}exits", "Times that the shadow ended.", ("reason",)
        )
        self.requests = counter(
            f"{PREFIX}requests",
            "Requests of the sample by what came of them.",
            ("outcome",),
        )
        self.instances = counter(
            f"{PREFIX}instances", "Instances that both versions answered."
        )
        self.changed = counter(
            f"{PREFIX}labels_changed", "Instances whose labels differ."
        )
        self.labels = counter(f"{PREFIX}labels", "Instances by both labels.", VERSIONS)
        self.differences = histogram(
            f"{PREFIX}difference",
            "Largest absolute difference of an instance's numbers.",
            bounds=DIFFERENCES,
        )
        self.violations = counter(
            f"{PREFIX}contract_violations",
            "Values and fields that were answered, and the shadow's contract refuses.",
            ("field", "kind"),
        )
        self.durations = histogram(
            f"{PREFIX}duration_seconds",
            "What a request that both answered took to be validated and predicted.",
            ("version",),
            bounds=DURATIONS,
        )
        self.ready = SumGauge(
            counts, f"{PREFIX}ready", "1 while the shadow takes requests."
        )
        self.model = MaxGauge(
            counts,
            f"{PREFIX}info",
            "The version that is compared, and what answers in it.",
            ("name", "version", "engine", "digest"),
        )
