"""How a model answers: by its plan or by scikit-learn, alone or in batches.

Chosen when an artefact is loaded: a plan is used only if it agrees with scikit-learn,
and requests are predicted together only if that pays and changes no answer.
"""

import statistics
import time
from dataclasses import dataclass

from service.model.contract.features import Contract
from service.model.contract.instances import Instances
from service.model.contract.tables import build_table
from service.model.errors import ModelError, NoPlanError
from service.model.outputs import Outputs
from service.model.pipeline import FittedPipeline
from service.model.plan.plan import Columns, Plan, compile_plan
from service.model.prediction.gate import Ask, check_agreement
from service.model.prediction.rowwise import find_dependence
from service.model.runtimes.estimator import NetworkEstimator
from service.model.tasks.methods import find_last
from service.model.tolerances import SAME_ANSWER

SCIKIT_LEARN = "scikit-learn"

# Of a network that takes longer for a row, few rows are compared alone at a start: some
# 350 took one of 200 MB seven seconds.
SLOW_NETWORK_SECONDS = 2e-3

# Batching pays where it saves an instance as much time as the rest of a request takes.
WORTHWHILE_SAVING_SECONDS = 300e-6


@dataclass(frozen=True)
class PlanChoice:
    """A plan that agrees with its pipeline, or None.

    `reason` says why there is none, or why some of its steps run as themselves.
    `difference` is the largest one found between the plan and scikit-learn.
    """

    plan: Plan | None = None
    reason: str = "The plan is off."
    difference: float | None = None


@dataclass(frozen=True)
class Engine:
    """What answers, a compiled plan, scikit-learn or a network; measured at start.

    `reason` says why it is no plan, or why steps of one run as themselves, which
    `uncompiled_steps` names. The times are of one instance, asked alone and as one of
    sixteen. `not_batched_because` says why requests are not predicted together although
    that would be faster.
    """

    name: str
    reason: str
    uncompiled_steps: tuple[str, ...]
    difference: float | None
    is_batching: bool
    not_batched_because: str
    microseconds_alone: float
    microseconds_of_sixteen: float


def choose_plan(
    reference: FittedPipeline, contract: Contract, sample: Instances
) -> PlanChoice:
    """Compile the pipeline, and keep the plan if it agrees with scikit-learn."""
    try:
        plan = compile_plan(
            reference.pipeline, contract, sample.columns, reference.extras
        )
        difference = check_agreement(
            reference,
            plan.predict,
            contract,
            sample.columns,
            each_alone=not (plan.uncompiled_steps or _is_slow(reference, plan, sample)),
        )
    except NoPlanError as error:
        return PlanChoice(reason=f"There is no plan: {error}")
    except Exception as error:  # noqa: BLE001 - whatever is wrong, it is not used
        # This is published, and another library's message may hold a value.
        detail = f": {error}" if isinstance(error, ModelError) else "."
        name = type(error).__name__
        return PlanChoice(reason=f"The plan is not used, for a {name}{detail}")
    return PlanChoice(plan, plan.reason, difference)


def _is_slow(reference: FittedPipeline, plan: Plan, sample: Instances) -> bool:
    """Return True for a network of which a row takes long, as its millions of weights.

    Each row alone would take it as long in the plan as in the pipeline.
    """
    if not isinstance(find_last(reference.pipeline), NetworkEstimator):
        return False
    row = [values[:1] for values in sample.columns]
    return _measure_seconds(plan.predict, row) > SLOW_NETWORK_SECONDS


def build_ask(reference: FittedPipeline, contract: Contract, plan: Plan | None) -> Ask:
    """Return what answers columns. It raises NonFinitePredictionError."""
    if plan is None:
        return lambda columns: reference.predict(build_table(contract, columns))

    def ask(columns: Columns) -> Outputs:
        outputs = plan.predict(columns)
        outputs.check_finite()
        return outputs

    return ask


def measure_engine(
    choice: PlanChoice,
    ask: Ask,
    sample: Instances,
    *,
    itself: str = SCIKIT_LEARN,
    tolerance: float = SAME_ANSWER,
) -> Engine:
    """Measure what was chosen, and decide whether requests are predicted together.

    `itself` names what answers without a plan. Together, an instance may be answered
    otherwise than alone by the `tolerance`.
    """
    columns = sample.columns
    alone = _measure_seconds(ask, [values[:1] for values in columns])
    of_sixteen = _measure_seconds(ask, [values[:16] for values in columns]) / 16
    pays = alone - of_sixteen > WORTHWHILE_SAVING_SECONDS
    not_batched_because = find_dependence(ask, columns, tolerance) if pays else ""
    return Engine(
        name="plan" if choice.plan else itself,
        reason=choice.reason,
        uncompiled_steps=choice.plan.uncompiled_steps if choice.plan else (),
        difference=choice.difference,
        is_batching=pays and not not_batched_because,
        not_batched_because=not_batched_because,
        microseconds_alone=round(1e6 * alone, 1),
        microseconds_of_sixteen=round(1e6 * of_sixteen, 1),
    )


def _measure_seconds(ask: Ask, columns: Columns) -> float:
    """Return the seconds of a prediction: the median of seven, after a first."""
    seconds = []
    for _ in range(8):
        start = time.perf_counter()
        ask(columns)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])
