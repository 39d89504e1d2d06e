"""Where a part of a pipeline stands, and what it is given there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.model.errors import NoPlanError
from service.model.plan.blocks import Block, BlockType
from service.model.plan.steps import Step, chain


@dataclass(frozen=True)
class Place:
    """Where a part stands: the blocks it is given, by their type and a sample of them.

    `path` is the name of the part as set_params spells it: `columns__text`.
    """

    given: BlockType
    sample: Block
    path: str = ""

    def enter(self, name: str) -> "Place":
        """Return the place of a part within this one."""
        return replace(self, path=f"{self.path}__{name}" if self.path else name)

    def follow(self, steps: Sequence[Step], gives: BlockType) -> "Place":
        """Return the place behind some steps."""
        return Place(gives, chain(steps)(self.sample), self.path)

    def explain(self, error: NoPlanError) -> str:
        """Return why the part here, or one within it, has no compiled form."""
        is_explained = str(error).startswith("step ") or not self.path
        return str(error) if is_explained else f"step {self.path!r}: {error}"
