"""What each part of a pipeline is given, and how branches are laid side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.model.errors import NoPlanError
from service.model.plan.blocks import NUMBERS, SPARSE, Block, BlockType
from service.model.plan.conversions import convert
from service.model.plan.sparse import MAX_DENSE_WIDTH, require_narrow
from service.model.plan.steps import Step, chain, join, join_sparse

Compiled = tuple[list[Step], BlockType]


@dataclass(frozen=True)
class Input:
    """What a part of the pipeline is given: blocks of one type, and a sample of them.

    `path` is the name of the part as set_params spells it: `columns__text`.
    """

    type: BlockType
    sample: Block
    path: str = ""

    def enter(self, name: str) -> "Input":
        """Return the same input, of a part within this one."""
        return replace(self, path=f"{self.path}__{name}" if self.path else name)

    def follow(self, steps: Sequence[Step], gives: BlockType) -> "Input":
        """Return what is given to the part that follows these steps."""
        return Input(gives, chain(steps)(self.sample), self.path)

    def convert(self, wanted: BlockType, *, takes_single: bool = False) -> list[Step]:
        """Return the steps from here to the block wanted. Raises NoPlanError."""
        if self.type.is_sparse and not wanted.is_sparse:
            require_narrow(self.sample.width)
        return convert(self.type, wanted, takes_single=takes_single)

    def explain(self, error: NoPlanError) -> str:
        """Return why the part, or one within it, has no compiled form."""
        is_explained = str(error).startswith("step ") or not self.path
        return str(error) if is_explained else f"step {self.path!r}: {error}"


# The steps of a branch, and what is given to the part that follows them.
Branch = tuple[list[Step], Input]


def join_branches(branches: Sequence[Branch], *, is_dense: bool) -> Compiled:
    """Return the step that lays branches side by side: sparse if one of them is.

    A sparse one is made dense where scikit-learn does so, unless that is too wide.
    """
    ends = [end for _, end in branches]
    width = sum(end.sample.width for end in ends if end.type.is_sparse)
    if not width:
        return [join([chain(steps) for steps, _ in branches])], NUMBERS
    if is_dense and width <= MAX_DENSE_WIDTH:
        dense = [chain([*steps, *end.convert(NUMBERS)]) for steps, end in branches]
        return [join(dense)], NUMBERS
    sparse = [chain([*steps, *end.convert(SPARSE)]) for steps, end in branches]
    return [join_sparse(sparse)], SPARSE
