"""Which of the numbers of a prediction are watched, and in which buckets."""

from service.model.predictor import Predictor

PROBABILITIES = tuple(step / 20 for step in range(1, 21))
STEPS = 16


def find_outputs(predictor: Predictor) -> list[int]:
    """Return where they stand: a classifier's last class, and all that a regressor has.

    Of two classes, the last is the one that is called positive.
    """
    count = len(predictor.manifest.names)
    return [count - 1] if is_classifier(predictor) else list(range(count))


def find_bounds(predictor: Predictor) -> tuple[float, ...]:
    """Return the bounds of buckets: for values, over those of the golden records."""
    if is_classifier(predictor):
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


def is_classifier(predictor: Predictor) -> bool:
    """Say whether what is predicted are labels."""
    return predictor.manifest.task == "classification"
