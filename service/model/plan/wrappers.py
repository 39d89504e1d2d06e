"""Predictors that ask other predictors, which are compiled in their turn."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from sklearn.feature_selection import SelectorMixin

from service.model.plan.blocks import NUMBERS, adapt
from service.model.plan.kinds import find_kind
from service.model.plan.lookup import compile_transformer, only_compares
from service.model.plan.places import Place
from service.model.plan.predictors.parts import Parts, Response, count_columns
from service.model.plan.registry import (
    ARRAY_MAKERS,
    DELEGATING,
    SPARSE_WRAPPERS,
    WRAPPER_SCORES,
    WRAPPERS,
)
from service.model.plan.steps import FinalStep, Step, chain
from service.model.tasks.task import NO_EXTRAS, Extras

PlanWrapper = Callable[[Any, Parts], FinalStep]


class CompileFinal(Protocol):
    """Composer.compile_final without extras."""

    def __call__(self, fitted: Any, place: Place, *, decides: bool = ...) -> Step: ...


def find_wrapper(fitted: Any, *, decides: bool, extras: Extras) -> PlanWrapper | None:
    """Return the planner of a predictor that asks others, None if it has none."""
    if extras == Extras(scores=True) or (decides and extras == NO_EXTRAS):
        return WRAPPER_SCORES.get(find_kind(fitted))
    return WRAPPERS.get(find_kind(fitted)) if extras == NO_EXTRAS else None


def compile_wrapper(
    plan: PlanWrapper, fitted: Any, place: Place, compile_final: CompileFinal
) -> Step:
    """Return the step of a predictor that asks others. Raises NoPlanError."""
    reading: list[Step] = []
    if find_kind(fitted) in ARRAY_MAKERS:
        reading, place = _read_array(fitted, place)

    def plan_part(part: Any, *, decides: bool) -> FinalStep:
        return compile_final(part, place, decides=decides).batch

    def plan_numeric(part: Any) -> FinalStep:
        sample = np.ones((1, count_columns(part)))
        return compile_final(part, Place(NUMBERS, sample, place.path)).batch

    def find_numbers(takes_single: bool) -> Response:
        return chain(place.convert(NUMBERS, takes_single=takes_single)).batch

    parts = Parts(plan_part, plan_numeric, find_numbers)
    return chain([*reading, adapt(plan(fitted, parts), place.given, None)])


def enter_delegate(fitted: Any, place: Place) -> tuple[list[Step], Place]:
    """Return the steps to the estimator of a predictor of DELEGATING, and its place."""
    if isinstance(fitted, SelectorMixin):
        steps, gives = compile_transformer(fitted, place)
        return steps, place.follow(steps, gives)
    return _read_array(fitted, place)


def _read_array(fitted: Any, place: Place) -> tuple[list[Step], Place]:
    """Return the steps to the array that scikit-learn makes; sparse rows may stay."""
    kind = find_kind(fitted)
    if place.given.is_sparse and (kind in SPARSE_WRAPPERS or kind in DELEGATING):
        return [], place
    steps = place.convert(NUMBERS, takes_single=only_compares(fitted))
    return steps, place.follow(steps, NUMBERS)
