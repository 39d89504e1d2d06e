"""An instance that keeps the contract and that the pipeline has no answer for.

A contract bounds each feature by itself, and a pipeline's domain may lie otherwise: a
logarithm of a difference, a neighbour within a radius.
"""

from collections.abc import Callable

from service.model.contract.instances import Instances, Predictions
from service.model.errors import NonFinitePredictionError

# What is raised for values out of a domain; anything else is a fault of the pipeline.
DOMAIN_ERRORS = (ValueError, ArithmeticError, NonFinitePredictionError)


def find_unanswered(
    answer: Callable[[Instances], Predictions],
    instances: Instances,
    typical: Instances,
) -> int | None:
    """Return the index of the first instance that is not answered alone.

    None if the typical one is not answered either, or if each is alone: then the
    pipeline is at fault, and not an instance.
    """

    def is_answered(asked: Instances) -> bool:
        try:
            answer(asked)
        except DOMAIN_ERRORS:
            return False
        return True

    if not is_answered(typical):
        return None
    start, end = 0, instances.count
    while end - start > 1:
        middle = (start + end) // 2
        if is_answered(slice_instances(instances, start, middle)):
            start = middle
        else:
            end = middle
    return None if is_answered(slice_instances(instances, start, end)) else start


def slice_instances(instances: Instances, start: int, end: int) -> Instances:
    """Return the instances from `start` to before `end`, without their warnings."""
    columns = tuple(values[start:end] for values in instances.columns)
    return Instances(columns, end - start)
