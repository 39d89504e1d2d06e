"""What each step of a plan costs: measured, alone and in a batch."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from service.model.contract.features import Contract
from service.model.errors import NoPlanError
from service.model.pipeline import FittedPipeline
from service.model.plan.blocks import BlockType
from service.model.plan.composition import Composer
from service.model.plan.inputs import Compiled, Input
from service.model.plan.plan import Columns
from service.model.plan.predictors.sub_estimators import unwrap
from service.model.plan.steps import Step, chain
from service.model.tasks.task import NO_EXTRAS, Extras

# Enough for a median; a slow pipeline is asked less often.
MOST_RUNS, LEAST_RUNS = 100, 5
ENOUGH_SECONDS = 1.0

# A part of the pipeline: its name, as set_params spells it, and its type.
Part = tuple[str, str]


@dataclass(frozen=True)
class StepCost:
    """What a part of the pipeline takes, without the parts within it.

    `is_compiled` is False for one that runs as scikit-learn itself. The parts of a bag
    have one name, and are one.
    """

    path: str
    type: str
    is_compiled: bool
    microseconds_alone: float
    microseconds_of_thousand: float


class Stopwatch:
    """Adds up the seconds of parts, each without those of the parts within it."""

    def __init__(self) -> None:
        self.seconds: dict[Part, float] = defaultdict(float)
        self._within = [0.0]

    def watch(self, part: Part, run: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the same function, which is timed."""

        def run_timed(block: Any) -> Any:
            self._within.append(0.0)
            start = time.perf_counter()
            try:
                return run(block)
            finally:
                seconds = time.perf_counter() - start
                self.seconds[part] += seconds - self._within.pop()
                self._within[-1] += seconds

        return run_timed

    def time_runs(self, run: Callable[[Any], Any], block: Any) -> dict[Part, float]:
        """Return the median of each part's seconds over some runs, after a first."""
        run(block)
        runs: list[dict[Part, float]] = []
        end = time.perf_counter() + ENOUGH_SECONDS
        while len(runs) < MOST_RUNS and (
            len(runs) < LEAST_RUNS or time.perf_counter() < end
        ):
            self.seconds.clear()
            run(block)
            runs.append(dict(self.seconds))
        return {part: median(each.get(part, 0.0) for each in runs) for part in runs[0]}


class MeasuringComposer(Composer):
    """Compiles as any composer does, with each part on a stopwatch.

    `parts` are in the order in which the pipeline has them, and `as_themselves` those
    that have no compiled form.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stopwatch = Stopwatch()
        self.parts: dict[Part, None] = {}
        self.as_themselves: set[Part] = set()

    def compile_final(
        self,
        fitted: Any,
        given: Input,
        *,
        decides: bool = False,
        extras: Extras = NO_EXTRAS,
    ) -> Step:
        """Compile what answers, on a stopwatch."""
        part = self._enter(unwrap(fitted), given)
        step = super().compile_final(fitted, given, decides=decides, extras=extras)
        return self._watch(part, step)

    def compile_steps(self, fitted: Any, given: Input) -> Compiled:
        """Compile a fitted transformer, on a stopwatch."""
        part = self._enter(fitted, given)
        steps, gives = super().compile_steps(fitted, given)
        return [self._watch(part, chain(steps))] if steps else steps, gives

    def _enter(self, fitted: Any, given: Input) -> Part:
        part = given.path, type(fitted).__name__
        self.parts.setdefault(part)
        return part

    def _watch(self, part: Part, step: Step) -> Step:
        watch = self.stopwatch.watch
        return Step(watch(part, step.batch), watch(part, step.single))

    def _refuse(
        self, mark: tuple[int, int], fitted: Any, given: Input, error: NoPlanError
    ) -> None:
        self.as_themselves.add((given.path, type(fitted).__name__))
        super()._refuse(mark, fitted, given, error)


def measure_steps(
    reference: FittedPipeline,
    contract: Contract,
    sample: Columns,
    thousand: Columns,
    *,
    uses_single_path: bool = True,
) -> list[StepCost]:
    """Return what each part of a pipeline that has a plan costs, in their order.

    It is compiled on the sample; `thousand` are the columns of that many instances.
    """
    composer = MeasuringComposer()
    given = Input(BlockType(contract), sample)
    final = composer.compile_final(reference.pipeline, given, extras=reference.extras)
    time_runs = composer.stopwatch.time_runs
    if uses_single_path:
        alone = time_runs(final.single, [values[0] for values in sample])
    else:
        alone = time_runs(final.batch, [values[:1] for values in sample])
    together = time_runs(final.batch, thousand)
    return [
        StepCost(
            *part,
            part not in composer.as_themselves,
            round(1e6 * alone.get(part, 0.0), 1),
            round(1e6 * together.get(part, 0.0), 1),
        )
        for part in composer.parts
        if part in alone or part in together
    ]
