"""Values at the edge of what a feature takes, where a pipeline may answer otherwise."""

from typing import Any

from service.model.contract.features import Feature

# The least and the greatest value of a feature.
Range = tuple[Any, Any]

# A category that no training table holds.
UNSEEN = "a category unseen in training"

# The smallest magnitude asked for: a ratio with it below must not overflow either.
TINY = 1e-300


def nearest_to(value: float, limits: Range, feature: Feature) -> Any:
    """Return the value within limits that is nearest to one, as the feature's type."""
    wanted = int(value) if feature.type == "integer" else value
    return min(max(wanted, limits[0]), limits[1])
