"""The series of `model_score`: which numbers of a prediction, and in which buckets.

Of two classes the probability of the last one, which is called positive; of more, that
of the likeliest; of decision scores the highest, of distances the least. Of what has no
label all values. Several outputs have the same each, under the output's name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.model.contract.array_columns import NumberTable
from service.model.contract.instances import Predictions
from service.model.contract.prediction_form import PROBABILITIES as BY_LABEL
from service.model.contract.prediction_form import PredictionForm
from service.model.prediction.predictor import Predictor

PROBABILITIES = tuple(step / 20 for step in range(1, 21))
STEPS = 16

LIKELIEST = "likeliest"

# What is followed of a number for each label, by its group, and what that is called.
EXTREMES: dict[str, tuple[str, Callable[[Sequence[float]], float]]] = {
    BY_LABEL: (LIKELIEST, max),
    "scores": ("highest", max),
    "distances": ("nearest", min),
}


@dataclass(frozen=True)
class Series:
    """A series, and where its numbers stand in a row.

    It is of the number at `start`, or an extreme of those from there to before `end`.
    """

    name: str
    start: int
    end: int = 0
    choose: Callable[[Sequence[float]], float] | None = None

    def read(self, rows: Sequence[Sequence[float]]) -> Sequence[float]:
        """Return the series of some predictions."""
        start, end, choose = self.start, self.end, self.choose
        if type(rows) is NumberTable:
            return rows.read_extreme(start, end or start + 1, is_least=choose is min)
        if choose is None:
            return [row[start] for row in rows]
        return [choose(row[start:end]) for row in rows]


def list_series(form: PredictionForm) -> tuple[Series, ...]:
    """Return the series of a form of prediction."""
    found: list[Series] = []
    start = 0
    for name, part in form.parts.items():
        found += _list_part(part, name, start)
        start += part.width
    return tuple(found)


def _list_part(form: PredictionForm, output: str, start: int) -> list[Series]:
    found = [
        Series(output or name, index) for index, name in enumerate(form.scalars, start)
    ]
    group, names = start + len(form.scalars), form.names
    if not form.labels:
        watched = enumerate(names[: form.watched or None], group)
        return found + [Series(name, index) for index, name in watched]
    if not names:
        return found
    if form.group == BY_LABEL and len(names) == 2:
        return [*found, Series(output or names[1], group + 1)]
    if len(names) == 1:
        return [*found, Series(output or names[0], group)]
    called, choose = EXTREMES[form.group]
    return [*found, Series(output or called, group, group + len(names), choose)]


def read_series(
    series: Sequence[Series], predictions: Predictions
) -> list[Sequence[float]]:
    """Return the numbers of each series."""
    rows = predictions.numbers or ()
    return [each.read(rows) for each in series]


def choose_buckets(predictor: Predictor) -> tuple[float, ...]:
    """Return the bounds of buckets: for values, over those of the golden records."""
    form = predictor.form
    if all(part.group == BY_LABEL for part in form.parts.values()) or not form.width:
        return PROBABILITIES
    records = predictor.golden.records
    rows = [form.read_numbers(record.prediction) for record in records]
    values = [float(v) for each in list_series(form) for v in each.read(rows)]
    low, high = min(values), max(values)
    bounds = (low + (high - low) * step / STEPS for step in range(STEPS + 1))
    return tuple(sorted({float(f"{bound:.3g}") for bound in bounds}))
