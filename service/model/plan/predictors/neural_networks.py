"""Neural networks: a matrix product, an offset and an activation for each layer."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.neural_network._base import ACTIVATIONS

from service.model.outputs import Outputs
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.scores import (
    Scores,
    link_probabilities,
    link_values,
    pair_probabilities,
    two_columns,
)
from service.model.plan.steps import FinalStep

# LabelBinarizer's: halfway between its 0 and its 1.
THRESHOLD = 0.5


def _plan_layers(fitted: Any) -> Scores:
    """Return what gives the activations of the last layer."""
    weights, offsets = map(read_floats, fitted.coefs_), fitted.intercepts_
    layers = list(zip(weights, offsets, strict=True))
    finishes = [ACTIVATIONS[fitted.activation]] * (len(layers) - 1)
    finishes.append(ACTIVATIONS[fitted.out_activation_])
    steps = [(w, b, f) for (w, b), f in zip(layers, finishes, strict=True)]

    def forward(X: Any) -> np.ndarray:
        for weights, offset, finish in steps:
            X = X @ weights
            X += offset
            finish(X)  # in place
        return X  # type: ignore[no-any-return]

    return forward


def _link_two_classes(activations: np.ndarray) -> Outputs:
    second = activations[:, 0]
    return Outputs((second > THRESHOLD).astype(np.intp), two_columns(second))


def _link_labels(activations: np.ndarray) -> Outputs:
    """Return the answers to several yes or no questions."""
    classes = (activations > THRESHOLD).astype(np.intp)
    return Outputs(classes, pair_probabilities(activations))


def plan_mlp_classifier(fitted: MLPClassifier) -> FinalStep:
    link = _link_two_classes if fitted.n_outputs_ == 1 else link_probabilities
    if fitted._label_binarizer.y_type_.startswith("multilabel"):
        link = _link_labels
    forward = _plan_layers(fitted)
    return refusing_non_finite(lambda X: link(forward(X)))


def plan_mlp_regressor(fitted: MLPRegressor) -> FinalStep:
    forward = _plan_layers(fitted)
    return refusing_non_finite(lambda X: link_values(forward(X)))


NETWORKS: dict[type, Callable[[Any], FinalStep]] = {
    MLPClassifier: plan_mlp_classifier,
    MLPRegressor: plan_mlp_regressor,
}
