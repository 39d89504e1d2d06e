"""The exact compiled form of a fitted pipeline: a short list of steps over arrays."""

from collections.abc import Sequence
from typing import Any

from service.model.contract import Contract
from service.model.errors import NoPlanError
from service.model.plan.blocks import Source
from service.model.plan.composition import Composer
from service.model.plan.steps import FinalStep
from service.model.reference import Outputs


class Plan:
    """Answers as the pipeline does, from columns of plain values.

    `as_itself` names the steps that have no compiled form.
    """

    def __init__(self, final: FinalStep, as_itself: tuple[str, ...]) -> None:
        self._final = final
        self.as_itself = as_itself

    def predict(self, columns: Sequence[Sequence[Any]]) -> Outputs:
        """Answer instances given by column, in the contract's order, a null as None."""
        return self._final(columns)


def compile_plan(
    pipeline: Any, contract: Contract, sample: Sequence[Sequence[Any]]
) -> Plan:
    """Compile a fitted pipeline. `sample` holds columns of instances to try steps on.

    Raises NoPlanError where no step has a compiled form. Whether the plan is exact is
    not decided here: see gate.py.
    """
    composer = Composer()
    final = composer.compile_final(pipeline, Source(contract), sample)
    if not composer.compiled:
        raise NoPlanError("No step has a compiled form.")
    return Plan(final, tuple(composer.as_itself))
