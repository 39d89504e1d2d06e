"""Pipelines, column transformers and unions: how fitted parts are put together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.blocks import (
    NUMBERS,
    find_columns,
    select,
)
from service.model.plan.conversions import convert
from service.model.plan.estimator_types import find_type, is_sampler
from service.model.plan.inputs import Branch, Compiled, Input, join_branches
from service.model.plan.lookup import compile_predictor, compile_transformer
from service.model.plan.predictors.sub_estimators import unwrap
from service.model.plan.registry import DELEGATING
from service.model.plan.scores import link_values
from service.model.plan.steps import Step, chain, weigh
from service.model.plan.tables import fall_back, has_categories
from service.model.plan.uncompiled import predict_as_itself, transform_as_itself
from service.model.plan.wrappers import (
    compile_wrapper,
    enter_delegate,
    find_wrapper,
)
from service.model.tasks.task import NO_EXTRAS, Extras

# The last step of a transformer alone: its numbers are the answer.
ANSWER_NUMBERS = Step(link_values, lambda row: Outputs(values=np.array([row])))


class Composer:
    """Compiles fitted parts, running each step on a sample as it goes.

    `compiled` collects the type names of the parts that have a compiled form, and
    `uncompiled` those of the parts that run as themselves, each with the reason.
    `saves_frames` is True if one of these is asked for an array instead of a frame.
    """

    def __init__(self) -> None:
        self.saves_frames = False
        self.compiled: list[str] = []
        self.uncompiled: list[tuple[str, str]] = []

    def compile_final(
        self,
        fitted: Any,
        given: Input,
        *,
        decides: bool = False,
        extras: Extras = NO_EXTRAS,
    ) -> Step:
        """Compile what answers: a fitted predictor, or a transformer alone.

        `decides` asks for its decision function, `extras` for what its owner wants.
        """
        if not hasattr(fitted, "predict"):
            steps, gives = self.compile_steps(fitted, given)
            behind = given.follow(steps, gives)
            return chain([*steps, *behind.convert(NUMBERS), ANSWER_NUMBERS])
        fitted = unwrap(fitted)
        if find_type(fitted) is Pipeline:
            steps, behind = self._compile_chain(fitted.steps[:-1], given)
            name, last = fitted.steps[-1]
            final = self.compile_final(
                last, behind.enter(name), decides=decides, extras=extras
            )
            return chain([*steps, final])
        mark = self._mark()
        try:
            steps = self._plan_final(fitted, given, decides=decides, extras=extras)
        except NoPlanError as error:
            if decides:
                raise
            self._refuse(mark, fitted, given, error)
            step, is_on_array = predict_as_itself(fitted, given, extras)
            self.saves_frames |= is_on_array
            return step
        self.compiled.append(type(fitted).__name__)
        return chain(steps)

    def _plan_final(
        self, fitted: Any, given: Input, *, decides: bool, extras: Extras
    ) -> list[Step]:
        if find_type(fitted) in DELEGATING:
            steps, behind = enter_delegate(fitted, given)
            final = self.compile_final(
                fitted.estimator_, behind, decides=decides, extras=extras
            )
            return [*steps, final]
        if plan := find_wrapper(fitted, decides=decides, extras=extras):
            return [compile_wrapper(plan, fitted, given, self.compile_final)]
        steps = compile_predictor(fitted, given, decides=decides, extras=extras)
        contract = given.type.contract
        if contract is None or decides or not has_categories(contract):
            return steps
        itself, _ = predict_as_itself(fitted, given, extras)
        return [fall_back(chain(steps), itself)]

    def compile_steps(self, fitted: Any, given: Input) -> Compiled:
        """Compile a fitted transformer, and return its steps and what they give."""
        mark = self._mark()
        try:
            if find_type(fitted) is Pipeline:
                steps, behind = self._compile_chain(fitted.steps, given)
                return steps, behind.type
            if type(fitted) is ColumnTransformer:
                return self._compile_columns(fitted, given)
            if type(fitted) is FeatureUnion:
                return self._compile_union(fitted, given)
            compiled = compile_transformer(fitted, given)
        except NoPlanError as error:
            self._refuse(mark, fitted, given, error)
            return self._run_as_itself(fitted, given)
        self.compiled.append(type(fitted).__name__)
        return compiled

    def _compile_chain(
        self, parts: Sequence[tuple[str, Any]], given: Input
    ) -> tuple[list[Step], Input]:
        steps: list[Step] = []
        behind = given
        for name, part in parts:
            if not _is_passed_through(part) and not is_sampler(part):
                compiled, gives = self.compile_steps(part, behind.enter(name))
                behind = behind.follow(compiled, gives)
                steps += compiled
        return steps, behind

    def _compile_columns(self, fitted: ColumnTransformer, given: Input) -> Compiled:
        weights = fitted.transformer_weights or {}
        branches: list[Branch] = []
        for name, part, columns in fitted.transformers_:
            if _is_dropped(part):
                continue
            is_bare = bool(np.isscalar(columns))  # scikit-learn hands on a series
            named = [columns] if is_bare else columns
            indices = find_columns(named, given.type, fitted.n_features_in_)
            if indices:
                take, below = select(given.type, indices, is_bare=is_bare)
                within = given.follow([take], below).enter(name)
                steps, end = self._compile_branch(part, within, weights.get(name))
                branches.append(([take, *steps], end))
        return join_branches(branches, is_dense=not fitted.sparse_output_)

    def _compile_union(self, fitted: FeatureUnion, given: Input) -> Compiled:
        weights = fitted.transformer_weights or {}
        branches = [
            self._compile_branch(part, given.enter(name), weights.get(name))
            for name, part in fitted.transformer_list
            if not _is_dropped(part)
        ]
        return join_branches(branches, is_dense=False)

    def _compile_branch(self, part: Any, given: Input, weight: Any) -> Branch:
        steps, gives = (
            ([], given.type)
            if _is_passed_through(part)
            else self.compile_steps(part, given)
        )
        if not gives.is_sparse:
            steps, gives = [*steps, *convert(gives, NUMBERS)], NUMBERS
        weighing = [] if weight is None else [weigh(float(weight))]
        return [*steps, *weighing], given.follow(steps, gives)

    def _run_as_itself(self, fitted: Any, given: Input) -> Compiled:
        try:
            return transform_as_itself(fitted, given)
        except NoPlanError as error:
            raise NoPlanError(given.explain(error)) from None

    def _mark(self) -> tuple[int, int]:
        return len(self.compiled), len(self.uncompiled)

    def _refuse(
        self, mark: tuple[int, int], fitted: Any, given: Input, error: NoPlanError
    ) -> None:
        """Note a part that runs as itself, in place of what was noted within it."""
        del self.compiled[mark[0] :], self.uncompiled[mark[1] :]
        self.uncompiled.append((type(fitted).__name__, given.explain(error)))


def _is_passed_through(part: Any) -> bool:
    return part is None or (isinstance(part, str) and part == "passthrough")


def _is_dropped(part: Any) -> bool:
    return isinstance(part, str) and part == "drop"
