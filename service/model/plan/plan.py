"""The plan: what is compiled of a pipeline, and how it is asked."""

from collections.abc import Callable, Sequence
from typing import Any

from service.model.contract.array_makers import ArrayMaker
from service.model.contract.features import Contract
from service.model.contract.instances import spread
from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.blocks import BlockType
from service.model.plan.composition import Composer
from service.model.plan.inputs import Input
from service.model.plan.steps import Step
from service.model.plan.timing import time_call
from service.model.tasks.task import NO_EXTRAS, Extras

Columns = Sequence[Sequence[Any]]

# The rows of the sample that have to be answered alike by both paths of a step.
COMPARED_ROWS = 16


class Plan:
    """Answers as the pipeline does, from columns of plain values.

    `uncompiled_steps` names the steps that have no compiled form, and `reason` says
    why. `uses_single_path` is True if a single row goes through without arrays.
    """

    def __init__(
        self,
        final: Step,
        uncompiled: Sequence[tuple[str, str]],
        sample: Columns,
        arrays: ArrayMaker,
    ) -> None:
        steps = dict.fromkeys(uncompiled)  # parts alike, as of a bag, are one
        self.uncompiled_steps = tuple(name for name, _ in steps)
        self.reason = " ".join(reason for _, reason in steps)
        self._arrays = arrays
        self._batch: Callable[[Columns], Outputs] = final.batch
        self._single: Callable[[list[Any]], Outputs] = final.single
        rows = spread(list(zip(*sample, strict=True)), COMPARED_ROWS)
        # A step that runs as itself takes so long that arrays do not count.
        self.uses_single_path = not uncompiled and is_single_path_faster(final, rows)

    def predict(self, columns: Columns) -> Outputs:
        """Answer instances given by column, in the contract's order, a null as None."""
        if self.uses_single_path and len(columns[0]) == 1:
            return self._single([value for [value] in columns])
        return self._batch(self._arrays.make(columns))


def compile_plan(
    pipeline: Any, contract: Contract, sample: Columns, extras: Extras = NO_EXTRAS
) -> Plan:
    """Compile a fitted pipeline. `sample` holds columns of instances to try steps on.

    Raises NoPlanError where no step has a compiled form or takes an array instead of a
    frame. Whether the plan is exact is not decided here: see gate.py.
    """
    if contract.table == "tensors":
        raise NoPlanError("the model takes tensors, for which no step is compiled.")
    composer = Composer()
    given = Input(BlockType(contract), sample)
    final = composer.compile_final(pipeline, given, extras=extras)
    if not composer.compiled and not composer.saves_frames:
        raise NoPlanError(" ".join(reason for _, reason in composer.uncompiled))
    return Plan(final, composer.uncompiled, sample, ArrayMaker(contract))


def is_single_path_faster(final: Step, rows: Sequence[tuple[Any, ...]]) -> bool:
    """Return True if single rows have the same bits without arrays, and are faster."""
    blocks = [[[value] for value in row] for row in rows]
    return time_call(final.single, rows[0]) < time_call(final.batch, blocks[0]) and all(
        final.single(row).has_same_bits(final.batch(block))
        for row, block in zip(rows, blocks, strict=True)
    )
