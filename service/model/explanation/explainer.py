"""Contributions to a score that is a sum over the features, from what each changes.

With s(x) = c + g_1(x_1) + ... + g_d(x_d), a feature's part g_i(x_i) is, but for a
constant, the score of one and the same reference instance with x_i in it. So nothing
has to be known of what the transformers do: the plan itself is asked. A contribution is
that part less its mean over instances of the training table, and the baseline is the
mean score: the SHAP values of a linear model. Lundberg and Lee, NeurIPS (2017), 4.2.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from service.model.contract.array_makers import ArrayMaker
from service.model.contract.features import Contract
from service.model.contract.instances import Instances, spread
from service.model.contract.prediction_form import PredictionForm
from service.model.contract.tables import build_table
from service.model.errors import NotExplainedError, TooManyInstancesError
from service.model.explanation.additivity import check_additive
from service.model.pipeline import FittedPipeline
from service.model.plan.blocks import BlockType
from service.model.plan.composition import Composer
from service.model.plan.inputs import Input
from service.model.plan.plan import Columns
from service.model.tolerances import SAME_ANSWER

# An instance is asked about as often as it has features, and once more.
MAX_INSTANCES = 100
MAX_FEATURES = 100

# The instances of the sample that the means are of.
MEAN_ROWS = 100

Rows = Sequence[Sequence[Any]]
Score = Callable[[Columns], np.ndarray]


@dataclass(frozen=True)
class Explainer:
    """Explains the scores of a model, one for each of `outputs`.

    `offset` are the scores of the reference instance, `means` (features, outputs) what
    the features change of them on average.
    """

    names: tuple[str, ...]
    outputs: tuple[str, ...]
    score: Score
    reference: tuple[Any, ...]
    offset: np.ndarray
    means: np.ndarray

    def explain(self, instances: Instances) -> list[dict[str, Any]]:
        """Return what each instance's scores are made of, by output.

        A baseline and its contributions add up to the score, within SAME_ANSWER. Raises
        TooManyInstancesError.
        """
        if instances.count > MAX_INSTANCES:
            raise TooManyInstancesError(
                f"{instances.count} instances are more than the {MAX_INSTANCES} that"
                " one request may have explained."
            )
        rows = list(zip(*instances.columns, strict=True))
        scores, changes = ask_with_each(self.score, self.reference, self.offset, rows)
        parts, baselines = changes - self.means, self.baselines
        return [
            {
                output: {
                    "score": scores[row, k].item(),
                    "baseline": baselines[k].item(),
                    "contributions": dict(
                        zip(self.names, parts[row, :, k].tolist(), strict=True)
                    ),
                }
                for k, output in enumerate(self.outputs)
            }
            for row in range(instances.count)
        ]

    @property
    def baselines(self) -> np.ndarray:
        """The mean scores."""
        found: np.ndarray = self.offset + self.means.sum(axis=0)
        return found


def build_explainer(
    fitted: FittedPipeline, contract: Contract, form: PredictionForm, sample: Instances
) -> Explainer:
    """Return the explainer of a model. `sample` holds rows of the training table.

    Raises NotExplainedError, with the reason, where contributions would not be exact.
    """
    if len(contract.features) > MAX_FEATURES:
        raise NotExplainedError(f"The model has more than {MAX_FEATURES} features.")
    check_additive(fitted.pipeline)
    score = compile_score(fitted.pipeline, contract, sample.columns)
    rows = spread(list(zip(*sample.columns, strict=True)), MEAN_ROWS)
    reference = rows[0]
    [offset] = score([[value] for value in reference])
    scores, changes = ask_with_each(score, reference, offset, rows)
    explainer = Explainer(
        tuple(feature.name for feature in contract.features),
        name_scores(form, scores.shape[1]),
        score,
        reference,
        offset,
        changes.mean(axis=0),
    )
    _check(fitted, contract, rows, scores, offset + changes.sum(axis=1))
    return explainer


def name_scores(form: PredictionForm, width: int) -> tuple[str, ...]:
    """Return what the scores are of: of two classes, the last one's alone."""
    names = form.labels or form.scalars or form.names
    return (names[-1],) if form.labels and width == 1 else names[:width]


def compile_score(pipeline: Any, contract: Contract, sample: Columns) -> Score:
    """Return what scores columns: an array (n, outputs), on the scale of the link."""
    given = Input(BlockType(contract), sample)
    step = Composer().compile_final(pipeline, given, decides=is_classifier(pipeline))
    arrays = ArrayMaker(contract)

    def score(columns: Columns) -> np.ndarray:
        values: np.ndarray = step.batch(arrays.make(columns)).values
        return values

    return score


def ask_with_each(
    score: Score, reference: Sequence[Any], offset: np.ndarray, rows: Rows
) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of rows (n, outputs), and what each value of them changes.

    That is (n, features, outputs): the score of the reference with this value, less
    its own.
    """
    width = len(reference)
    columns: list[list[Any]] = [[] for _ in reference]
    for row in rows:
        for place, (column, value, usual) in enumerate(
            zip(columns, row, reference, strict=True)
        ):
            column += [value, *[usual] * width]
            column[place - width] = value
    found = score(columns).reshape(len(rows), width + 1, -1)
    return found[:, 0], found[:, 1:] - offset


def _check(
    fitted: FittedPipeline,
    contract: Contract,
    rows: Rows,
    scores: np.ndarray,
    totals: np.ndarray,
) -> None:
    """Raise NotExplainedError unless the scores are the pipeline's, and add up."""
    table = build_table(contract, [*zip(*rows, strict=True)])
    pipeline = fitted.pipeline
    ask = pipeline.decision_function if is_classifier(pipeline) else pipeline.predict
    expected = np.asarray(ask(table)).reshape(scores.shape)
    scale = max(1.0, float(np.abs(scores).max()))
    for found in (expected, totals):
        if not np.allclose(found, scores, rtol=0, atol=SAME_ANSWER * scale):
            raise NotExplainedError(
                "The contributions of the features do not add up to the score."
            )
