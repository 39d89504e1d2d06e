"""The series of `model_score`: which numbers of a prediction, and in which buckets.

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


def name_series(manifest: Manifest) -> tuple[str, ...]:
    """Return the label of each series."""
    if manifest.task == "regression":
        return manifest.names
    return (manifest.names[1] if len(manifest.names) == 2 else LIKELIEST,)


def read_series(predictions: Predictions) -> list[Sequence[float]]:
    """Return the numbers of each series: none of a class without probabilities."""
    if predictions.values is not None:
        return [*zip(*predictions.values, strict=True)]
    rows = predictions.probabilities or ()
    is_binary = len(predictions.names) == 2
    return [[row[1] for row in rows] if is_binary else [*map(max, rows)]]


def choose_buckets(predictor: Predictor) -> tuple[float, ...]:
    """Return the bounds of buckets: for values, over those of the golden records."""
    if predictor.manifest.task == "classification":
        return PROBABILITIES
    predictions = [record.prediction for record in predictor.golden.records]
    values = [
        float(value)
        for each in predictions
        for value in (each.get("values") or {"": each["value"]}).values()
    ]
    low, high = min(values), max(values)
    bounds = (low + (high - low) * step / STEPS for step in range(STEPS + 1))
    return tuple(sorted({float(f"{bound:.3g}") for bound in bounds}))
