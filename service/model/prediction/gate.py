"""The gate: a plan is used only if it answers as the pipeline does.

The two are compared on the golden records, on the artefact's sample of the training
table, and on edges: all null, unseen categories, bounds, zeros, huge, tiny and -0.0.
Labels must be equal, and numbers within 1e-12.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from service.model.contract.edges import TINY, UNSEEN, nearest_to, read_dtype_range
from service.model.contract.features import Contract, Feature
from service.model.contract.instances import spread
from service.model.contract.tables import build_table
from service.model.errors import ModelError
from service.model.outputs import Outputs
from service.model.pipeline import FittedPipeline
from service.model.plan.plan import Columns
from service.model.tolerances import SAME_ANSWER

# How many instances a slow pipeline is asked for alone.
FEW_INSTANCES = 12

# Features, or groups of them, that are at an edge alone: with one each, the table of
# edges would grow with the square of the features: a start with 900 took 8 s, not 5.
MAX_EDGE_GROUPS = 256

Ask = Callable[[Columns], Outputs]


class DisagreementError(ModelError):
    """The plan answers otherwise than the pipeline; the sentence says where."""


def check_agreement(
    reference: FittedPipeline,
    plan: Ask,
    contract: Contract,
    columns: Columns,
    *,
    each_alone: bool = True,
) -> float:
    """Return the largest difference between a plan and its pipeline.

    `columns` holds instances that keep the contract, the first a typical one. Each is
    also asked for alone: a plan may take another path for one, and one is what most
    requests bring. Without `each_alone` only a few are, for a plan that is slow.
    Raises DisagreementError, or whatever the plan raises.
    """

    def ask(part: Columns) -> Outputs:
        return reference.predict(build_table(contract, part))

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # edges overflow; the outcome is compared
        typical = [values[0] for values in columns]
        edges = [*zip(*_iterate_edges(contract, typical), strict=True)]
        whole: Columns = [
            [*values, *edge] for values, edge in zip(columns, edges, strict=True)
        ]
        largest = 0.0
        try:
            expected = ask(whole)
        except Exception:  # noqa: BLE001 - the pipeline refuses some: ask one by one
            largest = _compare_alone(ask, plan, edges)
            expected = ask(columns)
            whole = columns
        largest = max(largest, compare(expected, plan(whole)))
        if each_alone:
            return max(largest, _compare_each(ask, expected, plan, whole))
        few = [spread(values, FEW_INSTANCES) for values in columns]
        return max(largest, _compare_alone(ask, plan, few))


def compare(expected: Outputs, found: Outputs) -> float:
    """Return the largest difference. Raises DisagreementError if it is too large."""
    if not found.has_same_labels(expected):
        raise DisagreementError("a label differs")
    difference = found.measure_difference(expected)
    if difference == math.inf:
        raise DisagreementError("an answer has another shape, or is infinite")
    if not difference <= SAME_ANSWER:  # nor is NaN
        raise DisagreementError(f"a number differs by {difference:.3g}")
    return difference


def _compare_each(ask: Ask, expected: Outputs, plan: Ask, columns: Columns) -> float:
    """Compare the pipeline's answers to all with the plan's to each alone.

    A pipeline that looks at its whole table answers one alone differently: at the first
    difference it is itself asked for that one alone, and for a few more.
    """
    largest = 0.0
    for index, instance in enumerate(_iterate_instances(columns)):
        try:
            found = plan(instance)
            largest = max(largest, compare(expected.slice(index, index + 1), found))
        except DisagreementError:
            few = [
                [values[index], *spread(values, FEW_INSTANCES)] for values in columns
            ]
            return max(largest, _compare_alone(ask, plan, few))
    return largest


def _compare_alone(ask: Ask, plan: Ask, columns: Columns) -> float:
    """Compare instances one by one, passing over those the pipeline itself refuses."""
    largest = 0.0
    for instance in _iterate_instances(columns):
        try:
            expected = ask(instance)
        except Exception:  # noqa: BLE001, S112 - refused, whatever the plan
            continue
        largest = max(largest, compare(expected, plan(instance)))
    return largest


def _iterate_instances(columns: Columns) -> Iterator[Columns]:
    for row in zip(*columns, strict=True):
        yield [[value] for value in row]


def _iterate_edges(contract: Contract, typical: list[Any]) -> Iterator[list[Any]]:
    """Yield instances with one kind of edge in all features, then in one alone.

    Of hundreds of features, a few have it together.
    """
    edges = [_list_edges(feature) for feature in contract.features]
    yield typical
    for kind in dict.fromkeys(kind for found in edges for kind in found):
        yield [
            found.get(kind, value) for found, value in zip(edges, typical, strict=True)
        ]
    groups = min(len(edges), MAX_EDGE_GROUPS)
    for group in range(groups):
        chosen = {index: edges[index] for index in range(group, len(edges), groups)}
        for kind in dict.fromkeys(kind for found in chosen.values() for kind in found):
            row = [*typical]
            for index, found in chosen.items():
                row[index] = found.get(kind, row[index])
            yield row


def _list_edges(feature: Feature) -> dict[str, Any]:
    edges: dict[str, Any] = {"null": None} if feature.nullable else {}
    if feature.type == "string" and feature.categories is None:
        edges["unseen"], edges["empty"] = UNSEEN, ""
    if feature.type == "object":
        edges["unseen"], edges["empty"] = {UNSEEN: 1.0, f"{UNSEEN}!": UNSEEN}, {}
    if feature.type in ("number", "integer") and feature.categories is None:
        low, high = read_dtype_range(feature)
        bounds = (
            low if feature.minimum is None else feature.minimum,
            high if feature.maximum is None else feature.maximum,
        )
        edges["least"], edges["greatest"] = bounds
        for kind, value in (("zero", 0.0), ("minus zero", -0.0), ("tiny", TINY)):
            edges[kind] = nearest_to(value, bounds, feature)
    return edges
