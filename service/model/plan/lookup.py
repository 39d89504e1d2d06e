"""The compiled form of one estimator, as the registry has it."""

from typing import Any

from scipy.sparse import issparse

from service.model.errors import NoPlanError
from service.model.plan.blocks import NUMBERS, SPARSE, adapt
from service.model.plan.estimator_types import find_type, read_name
from service.model.plan.inputs import Compiled, Input
from service.model.plan.predictors.boosters import BOOSTERS, CODED_BOOSTERS
from service.model.plan.predictors.networks import (
    NETWORK_PREDICTORS,
    NETWORK_TRANSFORMERS,
)
from service.model.plan.registry import (
    ARRAY_MAKERS,
    DECISIONS,
    DELEGATING,
    EXTRA_PREDICTORS,
    PREDICTORS,
    PREDICTORS_BY_NAME,
    SPARSE_PREDICTORS,
    TRANSFORMERS,
)
from service.model.plan.steps import FinalStep, Step
from service.model.plan.tables import has_categories
from service.model.plan.transformers.frame_encoders import (
    FRAME_ENCODERS,
    plan_frame_encoder,
)
from service.model.plan.trees.boosting import BOOSTED, CODED
from service.model.plan.trees.forests import FORESTS
from service.model.tasks.task import NO_EXTRAS, Extras


def compile_transformer(fitted: Any, given: Input) -> Compiled:
    """Return the steps of a transformer and what they give. Raises NoPlanError."""
    if read_name(fitted) in FRAME_ENCODERS:
        return _compile_frame_encoder(fitted, given), NUMBERS
    type_ = find_type(fitted)
    if type_ in NETWORK_TRANSFORMERS:
        reading = given.convert(NUMBERS, takes_single=True)
        planned = NETWORK_TRANSFORMERS[type_](fitted)
        return [*reading, adapt(planned, NUMBERS, NUMBERS)], NUMBERS
    refusal = NoPlanError(f"{type(fitted).__name__} has no compiled form.")
    rows = [row for row in TRANSFORMERS if type_ in row[0]]
    rows.sort(key=lambda row: row[1].is_sparse != given.type.is_sparse)
    for planners, takes, gives in rows:
        try:
            step = adapt(planners[type_](fitted), takes, gives)
            return [*given.convert(takes), step], gives
        except NoPlanError as error:
            refusal = error
    raise refusal


def _compile_frame_encoder(fitted: Any, given: Input) -> list[Step]:
    contract, name = given.type.contract, type(fitted).__name__
    if contract is None or given.type.is_bare:
        raise NoPlanError(f"{name} is given no frame.")
    try:
        return [plan_frame_encoder(fitted, contract, given.sample)]
    except NoPlanError:
        raise
    except Exception as error:  # noqa: BLE001 - another version of the library
        reason = f"{name} raises {type(error).__name__} for a category."
        raise NoPlanError(reason) from None


def compile_predictor(
    fitted: Any, given: Input, *, decides: bool, extras: Extras
) -> list[Step]:
    """Return the steps of a predictor. Raises NoPlanError."""
    if given.type.is_sparse and takes_sparse(fitted):
        planned = plan_predictor(fitted, decides=decides, extras=extras)
        return [adapt(planned, SPARSE, None)]
    reading, coded = convert_for(fitted, given)
    planned = plan_predictor(coded, decides=decides, extras=extras)
    return [*reading, adapt(planned, NUMBERS, None)]


def takes_sparse(fitted: Any) -> bool:
    """Return True if a predictor takes sparse rows. Raises NoPlanError for XGBoost.

    To XGBoost, what a sparse row leaves out is a null, and not zero.
    """
    if read_name(fitted).startswith("xgboost."):
        raise NoPlanError("It takes the zeros of sparse rows for nulls.")
    # What libsvm's models, and neighbours, were fitted on.
    is_fitted_sparse = getattr(fitted, "_sparse", False) or issparse(
        getattr(fitted, "_fit_X", None)
    )
    return is_fitted_sparse or find_type(fitted) in SPARSE_PREDICTORS


def convert_for(fitted: Any, given: Input) -> tuple[list[Step], Any]:
    """Return the steps from an input to a predictor's numbers, and what takes these.

    That is the predictor itself, or one of the codes of its categories.
    """
    contract = given.type.contract
    if contract is not None and not given.type.is_bare and has_categories(contract):
        code = CODED.get(type(fitted)) or CODED_BOOSTERS.get(read_name(fitted))
        if code is not None:
            step, coded = code(fitted, contract)
            return [step], coded
    takes_single = type(fitted) in NETWORK_PREDICTORS or only_compares(fitted)
    return given.convert(NUMBERS, takes_single=takes_single), fitted


def only_compares(fitted: Any) -> bool:
    """Return True for trees: they compare numbers, and do not calculate with them.

    So do wrappers of trees.
    """
    type_ = find_type(fitted)
    if type_ in DELEGATING:
        return only_compares(fitted.estimator_)
    if type_ in ARRAY_MAKERS:
        return all(only_compares(part) for part in fitted.estimators_)
    return type_ in FORESTS or type_ in BOOSTED or read_name(fitted) in BOOSTERS


def plan_predictor(
    fitted: Any, *, decides: bool = False, extras: Extras = NO_EXTRAS
) -> FinalStep:
    """Compile a predictor of numbers. Raises NoPlanError where it has no planner."""
    type_ = find_type(fitted)
    if extras != NO_EXTRAS:
        return plan_extras(fitted, extras)
    plan = (DECISIONS if decides else PREDICTORS).get(type_)
    if plan is None and not decides:
        by_name = PREDICTORS_BY_NAME.get(read_name(fitted))
        plan = by_name or NETWORK_PREDICTORS.get(type_)
    if plan is None:
        form = "decision function" if decides else "form"
        raise NoPlanError(f"{type(fitted).__name__} has no compiled {form}.")
    step: FinalStep = plan(fitted)
    return step


def plan_extras(fitted: Any, extras: Extras) -> FinalStep:
    """Compile a predictor that answers extras. Raises NoPlanError."""
    plan = EXTRA_PREDICTORS.get(extras, {}).get(type(fitted))
    if plan is None:
        raise NoPlanError(f"{type(fitted).__name__} has no compiled form of extras.")
    step: FinalStep = plan(fitted)
    return step
