"""A network that tells classes apart."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from service.model.errors import PackagingError
from service.model.runtimes.answers import (
    ACTIVATIONS,
    count_classes,
    describe_outputs,
    find_labels,
    find_probabilities,
    read_probabilities,
    read_rows,
)
from service.model.runtimes.estimator import NetworkEstimator
from service.model.runtimes.network_file import NetworkFile
from service.model.runtimes.tables import describe_form, read_width


def _has_probabilities(estimator: "NetworkClassifier") -> bool:
    return estimator.scores is not None


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """A network that tells classes apart.

    `classes` are in the order of its probabilities, 0, 1, ... where they are not said.
    `output` names the output of probabilities, and `label_output` that of labels, where
    it cannot be told. `activation` says what makes probabilities of it: "softmax" or
    "sigmoid" of logits, or "identity" of one number that is the probability of the
    second class.
    """

    def __init__(  # noqa: PLR0913 - what cannot be told of a file
        self,
        network: str | Path | NetworkFile,
        *,
        classes: Sequence[Any] | None = None,
        output: str | None = None,
        label_output: str | None = None,
        activation: str | None = None,
        allow_nan: bool = False,
    ) -> None:
        self.classes = classes
        self.output = output
        self.label_output = label_output
        self.activation = activation
        self.allow_nan = allow_nan
        self._hold(network)

    def _settle(self) -> None:
        super()._settle()
        outputs = self.network.outputs
        self.labels = find_labels(outputs, self.label_output)
        self.scores = find_probabilities(outputs, self.output, self.labels)
        self.classes_ = self._read_classes()
        self._indices = {c: index for index, c in enumerate(self.classes_.tolist())}
        if self.activation not in ACTIVATIONS:
            raise PackagingError(f"activation= must be one of {ACTIVATIONS}.")
        is_one = self.scores is not None and read_width(self.scores) == 1
        if self.scores is not None and is_one and self.activation is None:
            raise PackagingError(
                f"The network gives {describe_form(self.scores)}: say"
                " activation='sigmoid' if that is a logit, or 'identity' if it is the"
                " probability of the second class."
            )

    def _read_classes(self) -> np.ndarray:
        """Return the classes. Raises PackagingError where they cannot be told."""
        count = count_classes(self.scores)
        if self.classes is None:
            is_text = self.labels is not None and self.labels.dtype == "str"
            if count is None or is_text:
                raise PackagingError(
                    f"The network gives {describe_outputs(self.network.outputs)}: say"
                    " classes=, in the order of its probabilities."
                )
            return np.arange(count)
        classes = np.array(self.classes)
        if classes.ndim != 1 or len(set(classes.tolist())) != len(self.classes):
            raise PackagingError("classes= must list classes that differ.")
        if count not in (None, len(classes)):
            raise PackagingError(
                f"classes= lists {len(classes)}, and the network tells {count} apart."
            )
        if self.labels and (self.labels.dtype == "str") != (classes.dtype.kind == "U"):
            raise PackagingError(
                f"The output {self.labels.name!r} holds {self.labels.dtype}: list these"
                " by classes=, and what they are called by labels= of package()."
            )
        return classes

    def answer(self, X: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the classes by index, and their probabilities where there are some."""
        outputs, count = self.run(X)
        probabilities = None
        if self.scores is not None:
            rows = read_rows(self.scores, outputs[self.scores.name], count)
            probabilities = read_probabilities(self.scores, rows, self.activation)
            self._check_width(probabilities)
        if self.labels is None:
            assert probabilities is not None  # noqa: S101 - for mypy
            return probabilities.argmax(axis=1), probabilities
        labels = read_rows(self.labels, outputs[self.labels.name], count)
        if labels.shape[1] != 1:
            raise ValueError("The network answers several labels to an instance.")
        return self._index_labels(labels[:, 0]), probabilities

    def call(self, X: Any, names: Sequence[str]) -> list[Any]:
        """Return what each of some methods answers, by one run of the network."""
        classes, probabilities = self.answer(X)
        answers = {
            "predict": self.classes_[classes],
            "predict_proba": probabilities,
        }
        return [answers[name] for name in names]

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row."""
        classes: np.ndarray = self.classes_[self.answer(X)[0]]
        return classes

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> np.ndarray | None:
        """Return the probabilities, in the order of `classes_`."""
        return self.answer(X)[1]

    def _index_labels(self, labels: np.ndarray) -> np.ndarray:
        try:
            return np.array([self._indices[label] for label in labels.tolist()])
        except KeyError:
            raise ValueError(
                "The network answers a label that is none of its classes."
            ) from None

    def _check_width(self, probabilities: np.ndarray) -> None:
        if probabilities.shape[1] != len(self.classes_):
            raise ValueError(
                f"The network gives {probabilities.shape[1]} probabilities a row, and"
                f" has {len(self.classes_)} classes."
            )
