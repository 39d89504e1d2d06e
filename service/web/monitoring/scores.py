"""The numbers of a prediction that are watched, and in which buckets.

Of two classes the probability of the last one, which is called positive; of more, that
of the likeliest; of a regressor all its values.
"""

from collections.abc import Sequence

from service.model.artefact.manifest import Manifest
from service.model.contract.instances import Predictions
from service.model.prediction.predictor import Predictor

PROBABILITIES = tuple(step / 20 for step in range(1, 21))
STEPS = 16

LIKELIEST = "likeliest"


def name_scores(manifest: Manifest) -> tuple[str, ...]:
    """Return the names of what is watched."""
    if manifest.task == "regression":
        return manifest.names
    return (manifest.names[1] if len(manifest.names) == 2 else LIKELIEST,)


def read_scores(predictions: Predictions) -> list[Sequence[float]]:
    """Return the values of each, or nothing of a classifier without probabilities."""
    if predictions.values is not None:
        return [*zip(*predictions.values, strict=True)]
    rows = predictions.probabilities
    if rows is None:
        return [()]
    return [
        [row[1] for row in rows] if len(predictions.names) == 2 else [*map(max, rows)]
    ]


def find_bounds(predictor: Predictor) -> tuple[float, ...]:
    """Return the bounds of buckets: for values, over those of the golden records."""
    if predictor.manifest.task == "classification":
        return PROBABILITIES
    values = [
        float(value)
        for record in predictor.golden.records
        for value in (
            record.prediction.get("values") or {"": record.prediction["value"]}
        ).values()
    ]
    low, high = min(values), max(values)
    bounds = (low + (high - low) * step / STEPS for step in range(STEPS + 1))
    return tuple(sorted({float(f"{bound:.3g}") for bound in bounds}))
