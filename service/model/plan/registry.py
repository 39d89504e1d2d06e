"""What has a compiled form, by exact type: a subclass may behave otherwise.

Each planner's table stands at the foot of its module; here is what the planners of each
table take and give. To add one: write `plan_NAME(fitted)`, which reads the fitted
attributes and returns a function of a batch (or a Step, for a faster single row) or
raises NoPlanError; put it in its module's table; give it an example in
tests/model/plan/test_parity.py, which fails without one.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sklearn.naive_bayes import GaussianNB

from service.model.errors import NoPlanError
from service.model.plan.blocks import (
    MAPPINGS,
    NUMBERS,
    OBJECTS,
    SPARSE,
    TEXTS,
    BlockType,
    adapt,
)
from service.model.plan.places import Compiled, Place
from service.model.plan.predictors.adaboost import ADABOOST
from service.model.plan.predictors.bayes import BAYES
from service.model.plan.predictors.boosters import BOOSTERS, CODED_BOOSTERS
from service.model.plan.predictors.calibration import CALIBRATED
from service.model.plan.predictors.clusters import CLUSTERS
from service.model.plan.predictors.ensembles import BAGS, ENSEMBLES
from service.model.plan.predictors.linear import (
    LINEAR,
    LINEAR_DECISIONS,
    LINEAR_DEVIATIONS,
    LINEAR_SCORES,
)
from service.model.plan.steps import FinalStep, Step
from service.model.plan.tables import has_categories
from service.model.plan.transformers.distributions import DISTRIBUTIONS
from service.model.plan.transformers.encoders import ENCODERS
from service.model.plan.transformers.expansions import EXPANSIONS
from service.model.plan.transformers.imputers import NUMBER_IMPUTERS, OBJECT_IMPUTERS
from service.model.plan.transformers.mappings import (
    DENSE_MAPPING_VECTORIZERS,
    MAPPING_VECTORIZERS,
)
from service.model.plan.transformers.scalers import SCALERS
from service.model.plan.transformers.selectors import SELECTORS
from service.model.plan.transformers.sparse_rows import (
    SPARSE_PROJECTIONS,
    SPARSE_STEPS,
)
from service.model.plan.transformers.texts import TEXT_VECTORIZERS
from service.model.plan.trees.boosting import BOOSTED, BOOSTED_DECISIONS, CODED
from service.model.plan.trees.forests import FORESTS
from service.model.plan.trees.isolation import ISOLATION
from service.model.tasks.task import NO_EXTRAS, Extras

Planners = dict[type, Callable[[Any], Any]]

# Transformers: planners, what their steps take, and what they give.
TRANSFORMERS: tuple[tuple[Planners, BlockType, BlockType], ...] = (
    (
        NUMBER_IMPUTERS | SCALERS | DISTRIBUTIONS | EXPANSIONS | SELECTORS,
        NUMBERS,
        NUMBERS,
    ),
    (ENCODERS, OBJECTS, NUMBERS),
    (OBJECT_IMPUTERS, OBJECTS, OBJECTS),
    (TEXT_VECTORIZERS, TEXTS, SPARSE),
    (MAPPING_VECTORIZERS, MAPPINGS, SPARSE),
    (DENSE_MAPPING_VECTORIZERS, MAPPINGS, NUMBERS),
    (SPARSE_STEPS, SPARSE, SPARSE),
    (SPARSE_PROJECTIONS, SPARSE, NUMBERS),
)

# Predictors of every task: from numbers to the Outputs that the task's `ask` returns
# (service/model/tasks/).
PREDICTORS: Planners = LINEAR | BAYES | FORESTS | BOOSTED | CLUSTERS | ISOLATION

# The same where the owner wants more than a task answers anyway.
EXTRA_PREDICTORS: dict[Extras, Mapping[type, Callable[[Any], FinalStep]]] = {
    Extras(scores=True): LINEAR_SCORES,
    Extras(std=True): LINEAR_DEVIATIONS,
}

# Those whose steps multiply what they are given by weights: sparse rows can be, too.
SPARSE_PREDICTORS = frozenset(LINEAR) | frozenset(BAYES) - {GaussianNB}

# The same of libraries that need not be installed, by f"{module}.{name}" of the type.
PREDICTORS_BY_NAME: dict[str, Callable[[Any], FinalStep]] = BOOSTERS

# Classifiers asked for decision_function: from numbers to Outputs(values=decisions).
DECISIONS: Planners = LINEAR_DECISIONS | BOOSTED_DECISIONS

# Predictors that ask others: a planner is given the fitted object and its Parts.
WRAPPERS: dict[type, Callable[[Any, Any], FinalStep]] = (
    CALIBRATED | ENSEMBLES | ADABOOST
)

# Of them, those that make an array of a frame before they ask their parts.
ARRAY_MAKERS: dict[type, Callable[[Any, Any], FinalStep]] = BAGS | ADABOOST


def compile_transformer(fitted: Any, place: Place) -> Compiled:
    """Return the steps of a transformer and what they give. Raises NoPlanError."""
    kind = type(fitted)
    refusal = NoPlanError(f"{kind.__name__} has no compiled form.")
    rows = [row for row in TRANSFORMERS if kind in row[0]]
    rows.sort(key=lambda row: row[1].is_sparse != place.given.is_sparse)
    for planners, takes, gives in rows:
        try:
            step = adapt(planners[kind](fitted), takes, gives)
            return [*place.convert(takes), step], gives
        except NoPlanError as error:
            refusal = error
    raise refusal


def compile_predictor(
    fitted: Any, place: Place, *, decides: bool, extras: Extras
) -> list[Step]:
    """Return the steps of a predictor. Raises NoPlanError."""
    if place.given.is_sparse and takes_sparse(fitted):
        planned = plan_predictor(fitted, decides=decides, extras=extras)
        return [adapt(planned, SPARSE, None)]
    reading, coded = convert_for(fitted, place)
    planned = plan_predictor(coded, decides=decides, extras=extras)
    return [*reading, adapt(planned, NUMBERS, None)]


def takes_sparse(fitted: Any) -> bool:
    """Return True if a predictor takes sparse rows. Raises NoPlanError for XGBoost.

    To XGBoost, what a sparse row leaves out is a null, and not zero.
    """
    if read_name(fitted).startswith("xgboost."):
        raise NoPlanError("It takes the zeros of sparse rows for nulls.")
    return type(fitted) in SPARSE_PREDICTORS


def convert_for(fitted: Any, place: Place) -> tuple[list[Step], Any]:
    """Return the steps from a place to a predictor's numbers, and what takes these.

    That is the predictor itself, or one of the codes of its categories.
    """
    given = place.given
    contract = given.contract
    if contract is not None and not given.is_bare and has_categories(contract):
        code = CODED.get(type(fitted)) or CODED_BOOSTERS.get(read_name(fitted))
        if code is not None:
            step, coded = code(fitted, contract)
            return [step], coded
    return place.convert(NUMBERS, takes_single=only_compares(fitted)), fitted


def only_compares(fitted: Any) -> bool:
    """Return True for trees: they compare numbers, and do not calculate with them.

    So do wrappers of trees.
    """
    kind = type(fitted)
    if kind in ARRAY_MAKERS:
        return all(only_compares(part) for part in fitted.estimators_)
    return kind in FORESTS or kind in BOOSTED or read_name(fitted) in BOOSTERS


def read_name(fitted: Any) -> str:
    return f"{type(fitted).__module__}.{type(fitted).__qualname__}"


def plan_predictor(
    fitted: Any, *, decides: bool = False, extras: Extras = NO_EXTRAS
) -> FinalStep:
    """Compile a predictor of numbers. Raises NoPlanError where it has no planner."""
    kind = type(fitted)
    if extras != NO_EXTRAS:
        return plan_extras(fitted, extras)
    plan = (DECISIONS if decides else PREDICTORS).get(kind)
    if plan is None and not decides:
        plan = PREDICTORS_BY_NAME.get(read_name(fitted))
    if plan is None:
        form = "decision function" if decides else "form"
        raise NoPlanError(f"{kind.__name__} has no compiled {form}.")
    step: FinalStep = plan(fitted)
    return step


def plan_extras(fitted: Any, extras: Extras) -> FinalStep:
    """Compile a predictor that answers extras. Raises NoPlanError."""
    plan = EXTRA_PREDICTORS.get(extras, {}).get(type(fitted))
    if plan is None:
        raise NoPlanError(f"{type(fitted).__name__} has no compiled form of extras.")
    step: FinalStep = plan(fitted)
    return step
