"""Predictors that ask other predictors, which are compiled in their turn."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from sklearn.feature_selection import SelectorMixin

from service.model.plan.blocks import NUMBERS, adapt
from service.model.plan.estimator_types import find_type
from service.model.plan.inputs import Input
from service.model.plan.lookup import compile_transformer, only_compares
from service.model.plan.predictors.sub_estimators import (
    Response,
    SubEstimators,
    count_columns,
)
from service.model.plan.registry import (
    ARRAY_MAKERS,
    DELEGATING,
    SPARSE_WRAPPERS,
    WRAPPER_SCORES,
    WRAPPERS,
)
from service.model.plan.steps import FinalStep, Step, chain
from service.model.tasks.task import NO_EXTRAS, Extras

PlanWrapper = Callable[[Any, SubEstimators], FinalStep]


class CompileFinal(Protocol):
    """Composer.compile_final without extras."""

    def __call__(self, fitted: Any, given: Input, *, decides: bool = ...) -> Step: ...


def find_wrapper(fitted: Any, *, decides: bool, extras: Extras) -> PlanWrapper | None:
    """Return the planner of a predictor that asks others, None if it has none."""
    if extras == Extras(scores=True) or (decides and extras == NO_EXTRAS):
        return WRAPPER_SCORES.get(find_type(fitted))
    return WRAPPERS.get(find_type(fitted)) if extras == NO_EXTRAS else None


def compile_wrapper(
    plan: PlanWrapper, fitted: Any, given: Input, compile_final: CompileFinal
) -> Step:
    """Return the step of a predictor that asks others. Raises NoPlanError."""
    reading: list[Step] = []
    if find_type(fitted) in ARRAY_MAKERS:
        reading, given = _read_array(fitted, given)

    def plan_part(part: Any, *, decides: bool) -> FinalStep:
        return compile_final(part, given, decides=decides).batch

    def plan_numeric(part: Any) -> FinalStep:
        sample = np.ones((1, count_columns(part)))
        return compile_final(part, Input(NUMBERS, sample, given.path)).batch

    def find_numbers(takes_single: bool) -> Response:
        return chain(given.convert(NUMBERS, takes_single=takes_single)).batch

    parts = SubEstimators(plan_part, plan_numeric, find_numbers)
    return chain([*reading, adapt(plan(fitted, parts), given.type, None)])


def enter_delegate(fitted: Any, given: Input) -> tuple[list[Step], Input]:
    """Return the steps to the estimator of a predictor of DELEGATING, and its input."""
    if isinstance(fitted, SelectorMixin):
        steps, gives = compile_transformer(fitted, given)
        return steps, given.follow(steps, gives)
    return _read_array(fitted, given)


def _read_array(fitted: Any, given: Input) -> tuple[list[Step], Input]:
    """Return the steps to the array that scikit-learn makes; sparse rows may stay."""
    type_ = find_type(fitted)
    if given.type.is_sparse and (type_ in SPARSE_WRAPPERS or type_ in DELEGATING):
        return [], given
    steps = given.convert(NUMBERS, takes_single=only_compares(fitted))
    return steps, given.follow(steps, NUMBERS)
