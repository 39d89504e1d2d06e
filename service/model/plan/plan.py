"""The exact compiled form of a fitted pipeline: a short list of steps over arrays."""

from collections.abc import Callable, Sequence
from typing import Any

from service.model.contract.features import Contract
from service.model.contract.instances import spread
from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.blocks import Source
from service.model.plan.composition import Composer
from service.model.plan.steps import Step
from service.model.plan.timing import time_call

Columns = Sequence[Sequence[Any]]

# Of the sample, how many have to be answered alike alone and as a block of one.
COMPARED = 16


class Plan:
    """Answers as the pipeline does, from columns of plain values.

    `uncompiled_steps` names the steps that have no compiled form. `goes_lone` says
    whether a lone instance goes through the steps without arrays.
    """

    def __init__(
        self, final: Step, uncompiled_steps: tuple[str, ...], *, goes_lone: bool
    ) -> None:
        self.uncompiled_steps = uncompiled_steps
        self.goes_lone = goes_lone
        self._many: Callable[[Columns], Outputs] = final.many
        self._lone: Callable[[list[Any]], Outputs] = final.lone

    def predict(self, columns: Columns) -> Outputs:
        """Answer instances given by column, in the contract's order, a null as None."""
        if self.goes_lone and len(columns[0]) == 1:
            return self._lone([value for [value] in columns])
        return self._many(columns)


def compile_plan(pipeline: Any, contract: Contract, sample: Columns) -> Plan:
    """Compile a fitted pipeline. `sample` holds columns of instances to try steps on.

    Raises NoPlanError where no step has a compiled form. Whether the plan is exact is
    not decided here: see gate.py.
    """
    composer = Composer()
    final = composer.compile_final(pipeline, Source(contract), sample)
    if not composer.compiled:
        raise NoPlanError("No step has a compiled form.")
    uncompiled_steps = tuple(composer.uncompiled_steps)
    rows = spread(list(zip(*sample, strict=True)), COMPARED)
    # A step that runs as itself takes so long that arrays do not count.
    goes_lone = not uncompiled_steps and is_sooner_alone(final, rows)
    return Plan(final, uncompiled_steps, goes_lone=goes_lone)


def is_sooner_alone(final: Step, rows: Sequence[tuple[Any, ...]]) -> bool:
    """Say whether lone instances have the same bits without arrays, and sooner."""
    blocks = [[[value] for value in row] for row in rows]
    return time_call(final.lone, rows[0]) < time_call(final.many, blocks[0]) and all(
        final.lone(row).has_same_bits(final.many(block))
        for row, block in zip(rows, blocks, strict=True)
    )
