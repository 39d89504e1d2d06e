"""A case tried: whether it is served, how, how exactly and how fast."""

import warnings
from dataclasses import dataclass, field

import numpy as np

from corpus.case import Case
from corpus.serving import serve
from corpus.tables import TRAINING
from corpus.trial import Seconds, Trial
from service.model.errors import describe_error
from service.model.tolerances import SAME_ANSWER


@dataclass(frozen=True)
class Verdict:
    """What came of a case.

    `engine` is plan, partly, itself or refused, and `because` says why it is no plan.
    `difference` is the largest of a number, relative above 1, infinite where a label
    is another. `because_of_bits` says why it is not 0.
    """

    case: Case
    engine: str
    because: str = ""
    difference: float = 0.0
    because_of_bits: str = ""
    tolerance: float = SAME_ANSWER
    seconds: Seconds = field(default_factory=Seconds)

    @property
    def ratio(self) -> float:
        """How many times faster one row is than the notebook's calls."""
        seconds = self.seconds
        return seconds.notebook / seconds.service if seconds.service else 0.0

    @property
    def is_wrong(self) -> bool:
        """Return True if an answer is another than the notebook's."""
        return not self.difference <= self.tolerance


def try_case(case: Case, *, is_timed: bool = True) -> Verdict:
    """Fit, package and ask. What is refused is a verdict; what does not fit raises."""
    pipeline = case.fit()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of rows by each other, and odd values
        try:
            service = serve(pipeline, case.read().take(TRAINING), case.options)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not served
            return Verdict(case, "refused", describe_error(error).splitlines()[-1])
        trial = Trial(case, pipeline, service)
        difference, because = trial.compare()
        engine = service.predictor.engine
        name = "itself" if engine.name != "plan" else "plan"
        return Verdict(
            case,
            "partly" if name == "plan" and engine.uncompiled_steps else name,
            engine.reason,
            difference,
            because,
            trial.tolerance,
            trial.time_row() if is_timed else Seconds(),
        )
