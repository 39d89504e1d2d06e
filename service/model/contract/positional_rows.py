"""Rows that come by position, which a model takes that was fitted on an array.

The names of hundreds of columns are most of a body.
"""

from collections.abc import Sequence
from typing import Any

from service.model.contract.features import Contract
from service.model.contract.mapping_rows import NO_OBJECT
from service.model.contract.violations import Violation


def takes_positions(contract: Contract) -> bool:
    """Return True if an instance may be a list of values, in the contract's order."""
    return contract.table == "array"


def describe_row(contract: Contract) -> Violation:
    """Return what is said of a row that is no instance."""
    if not takes_positions(contract):
        return NO_OBJECT
    count = len(contract.features)
    return Violation("type", f"must be an object, or a list of {count} values")


def find_bare_name(contract: Contract) -> str | None:
    """Return the name of the one tensor of a contract, which an instance may be.

    So TensorFlow Serving takes the rows of a model with one input.
    """
    is_bare = contract.table == "tensors" and len(contract.features) == 1
    return contract.features[0].name if is_bare else None


def name_tensors(rows: Any, name: str) -> Any:
    """Return rows of which those that are lists are given the name of the tensor."""
    if type(rows) is not list:
        return rows
    return [{name: row} if type(row) is list else row for row in rows]


def name_values(document: Any, names: Sequence[str]) -> None:
    """Give the values of a document's rows their names, where there are as many."""
    rows = document.get("instances") if type(document) is dict else None
    if type(rows) is list:
        document["instances"] = [
            dict(zip(names, row, strict=True))
            if type(row) is list and len(row) == len(names)
            else row
            for row in rows
        ]
