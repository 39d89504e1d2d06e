"""How steps are put together: one after another, or side by side.

Each way is laid twice, for blocks of n instances and for a lone one.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from service.model.errors import NoPlanError
from service.model.plan.blocks import Block, Source, keep
from service.model.plan.steps import Row, Step
from service.model.plan.trees.tree_step import TreeStep


def adapt(planned: Callable[[Block], Any], takes: Source, gives: Source | None) -> Step:
    """Adapt a batch step to `Step`.

    A single row is wrapped as a batch of one, unless the step has a path of its own.
    `gives` is None for Outputs.
    """
    if isinstance(planned, Step):
        return planned
    if isinstance(planned, TreeStep) and (lone := planned.lone):
        return Step(planned, lone)
    lay_out = _lay_columns if takes.holds_columns else _lay_numbers
    if gives is None:
        return Step(planned, lambda row: planned(lay_out(row)))
    pick_up = _pick_columns if gives.holds_columns else _pick_numbers
    return Step(planned, lambda row: pick_up(planned(lay_out(row))))


def chain(steps: Sequence[Step]) -> Step:
    """Return the step that does one after another."""
    return Step(
        _run_in_turn([step.many for step in steps]),
        _run_in_turn([step.lone for step in steps]),
    )


def join(branches: Sequence[Step]) -> Step:
    """Return the step that lays the numbers of all side by side."""
    if not branches:
        raise NoPlanError("Every column is dropped.")
    if len(branches) == 1:
        return branches[0]

    def many(block: Block) -> Block:
        return np.concatenate([branch(block) for branch in all_many], axis=1)

    def lone(row: Row) -> Row:
        joined: list[Any] = []
        for branch in all_lone:
            joined += branch(row)
        return joined

    all_many = [branch.many for branch in branches]
    all_lone = [branch.lone for branch in branches]
    return Step(many, lone)


def _run_in_turn(functions: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    needed = [function for function in functions if function is not keep]
    if len(needed) == 1:
        return needed[0]

    def run(passed: Any) -> Any:
        for function in needed:
            passed = function(passed)
        return passed

    return run


def _lay_numbers(row: Row) -> Block:
    return np.array([row])


def _lay_columns(row: Row) -> Block:
    return [[value] for value in row]


def _pick_numbers(block: Block) -> Row:
    row: list[float] = block[0].tolist()
    return row


def _pick_columns(block: Block) -> Row:
    return [value for [value] in block]
