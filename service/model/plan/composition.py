"""Pipelines, column transformers and unions: how fitted parts are put together.

A step that has no plan runs as itself, on just the columns it needs.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from service.model.errors import NoPlanError
from service.model.pipeline import FittedPipeline
from service.model.plan.blocks import (
    NUMBERS,
    OBJECTS,
    Block,
    Source,
    describe_output,
    select,
    take_numbers,
    take_objects,
    take_original,
)
from service.model.plan.chains import adapt, chain, join
from service.model.plan.registry import (
    ENCODERS,
    IMPUTERS,
    NUMERIC,
    WRAPPERS,
    find_final,
)
from service.model.plan.steps import FinalStep, Step


class Composer:
    """Compiles fitted parts, trying each step on a sample as it goes.

    `uncompiled_steps` collects the names of the steps that have no plan, and `compiled`
    of those that have one.
    """

    def __init__(self) -> None:
        self.uncompiled_steps: list[str] = []
        self.compiled: list[str] = []

    def compile_final(self, fitted: Any, source: Source, sample: Block) -> Step:
        """Compile a fitted predictor that is given the sample's kind of block."""
        kind = type(fitted)
        if kind is Pipeline:
            before, source, sample = self._compile_chain(
                [step for _, step in fitted.steps[:-1]], source, sample
            )
            last = self.compile_final(fitted.steps[-1][1], source, sample)
            return chain([*before, last])
        mark = self._mark()

        def compile_part(part: Any) -> FinalStep:
            return self.compile_final(part, source, sample).many

        try:
            if kind in WRAPPERS:
                return adapt(WRAPPERS[kind](fitted, compile_part), source, None)
            take, final = take_numbers(source), find_final(kind)(fitted)
        except (KeyError, NoPlanError):
            self._forget(mark)
            self.uncompiled_steps.append(kind.__name__)
            ask = _ask_itself(fitted, take_original(source, fitted))
            return adapt(ask, source, None)
        self.compiled.append(kind.__name__)
        return chain([take, adapt(final, NUMBERS, None)])

    def compile_steps(
        self, fitted: Any, source: Source, sample: Block
    ) -> tuple[list[Step], Source]:
        """Compile a fitted transformer, and say what its steps give."""
        kind = type(fitted)
        mark = self._mark()
        try:
            if kind is Pipeline:
                steps, source, _ = self._compile_chain(
                    [step for _, step in fitted.steps], source, sample
                )
                return steps, source
            if kind is ColumnTransformer:
                return [self._compile_columns(fitted, source, sample)], NUMBERS
            if kind is FeatureUnion:
                return [self._compile_union(fitted, source, sample)], NUMBERS
            leaf = _compile_leaf(fitted, source)
        except (KeyError, NoPlanError):
            self._forget(mark)
            return self._run_as_itself(fitted, source, sample)
        self.compiled.append(kind.__name__)
        return leaf

    def _mark(self) -> tuple[int, int]:
        return len(self.uncompiled_steps), len(self.compiled)

    def _forget(self, mark: tuple[int, int]) -> None:
        """Forget what was compiled within a part that is not compiled after all."""
        del self.uncompiled_steps[mark[0] :], self.compiled[mark[1] :]

    def _compile_chain(
        self, parts: Sequence[Any], source: Source, sample: Block
    ) -> tuple[list[Step], Source, Block]:
        steps: list[Step] = []
        for part in parts:
            if _is_skipped(part):
                continue
            compiled, source = self.compile_steps(part, source, sample)
            sample = chain(compiled)(sample)
            steps += compiled
        return steps, source, sample

    def _compile_columns(
        self, fitted: ColumnTransformer, source: Source, sample: Block
    ) -> Step:
        branches: list[Step] = []
        for _, part, columns in fitted.transformers_:
            if isinstance(part, str) and part == "drop":
                continue
            if isinstance(columns, str | int):
                raise NoPlanError("A transformer of one bare column takes a series.")
            indices = _find_columns(columns, source, fitted.n_features_in_)
            if not indices:
                continue
            take, below = select(source, indices)
            branch = self._compile_branch(part, below, take(sample))
            branches.append(chain([take, *branch]))
        return join(branches)

    def _compile_union(
        self, fitted: FeatureUnion, source: Source, sample: Block
    ) -> Step:
        if fitted.transformer_weights:
            raise NoPlanError("A union with weights.")
        return join(
            [
                chain(self._compile_branch(part, source, sample))
                for _, part in fitted.transformer_list
                if not (isinstance(part, str) and part == "drop")
            ]
        )

    def _compile_branch(self, part: Any, source: Source, sample: Block) -> list[Step]:
        if _is_skipped(part):
            return [take_numbers(source)]
        steps, below = self.compile_steps(part, source, sample)
        return [*steps, take_numbers(below)]

    def _run_as_itself(
        self, fitted: Any, source: Source, sample: Block
    ) -> tuple[list[Step], Source]:
        original = take_original(source, fitted)
        transform: Callable[[Any], Any] = fitted.transform
        take, below = describe_output(transform(original(sample)))
        self.uncompiled_steps.append(type(fitted).__name__)

        def run(block: Block) -> Block:
            return take(transform(original(block)))

        return [adapt(run, source, below)], below


def _compile_leaf(fitted: Any, source: Source) -> tuple[list[Step], Source]:
    kind = type(fitted)
    if kind in ENCODERS:
        encode = adapt(ENCODERS[kind](fitted), OBJECTS, NUMBERS)
        return [take_objects(source), encode], NUMBERS
    try:
        take = take_numbers(source)
        return [take, adapt(NUMERIC[kind](fitted), NUMBERS, NUMBERS)], NUMBERS
    except NoPlanError:
        impute = adapt(IMPUTERS[kind](fitted), OBJECTS, OBJECTS)
        return [take_objects(source), impute], OBJECTS


def _ask_itself(fitted: Any, original: Callable[[Block], Any]) -> FinalStep:
    reference = FittedPipeline(fitted)
    return lambda block: reference.predict(original(block))


def _find_columns(columns: Any, source: Source, width: int) -> list[int]:
    """Return the positions of the columns that a fitted transformer takes."""
    if isinstance(columns, slice):
        if isinstance(columns.start, str) or isinstance(columns.stop, str):
            raise NoPlanError("Columns are sliced by name.")
        return list(range(width))[columns]
    wanted = list(columns)
    if wanted and isinstance(wanted[0], bool | np.bool_):
        return [index for index, is_wanted in enumerate(wanted) if is_wanted]
    if wanted and isinstance(wanted[0], str):
        return [source.names.index(name) for name in wanted]
    return [int(index) % width for index in wanted]


def _is_skipped(part: Any) -> bool:
    return part is None or (isinstance(part, str) and part == "passthrough")
