"""Fitted models that take tensors, in numpy alone. They travel by code=."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

Tensors = Mapping[str, np.ndarray]


class NearestImage(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The class whose mean image is nearest, weighed by a vector beside the image.

    Each row is summed for itself, so that its answer has the same bits in any batch.
    """

    def fit(self, tensors: Tensors, y: Any) -> Self:
        self.classes_ = np.unique(y)
        images = np.asarray(tensors["image"], np.float64)
        self.means_ = np.array(
            [images[y == each].mean(axis=0) for each in self.classes_]
        )
        return self

    def predict_proba(self, tensors: Tensors) -> np.ndarray:
        image, extra = tensors["image"], tensors["extra"]
        for array, dtype in ((image, np.float32), (extra, np.int16)):
            assert array.dtype == dtype
            assert array.flags.c_contiguous
        rows = [self._measure(i, e) for i, e in zip(image, extra, strict=True)]
        return np.array(rows).reshape(len(image), len(self.classes_))

    def _measure(self, image: np.ndarray, extra: np.ndarray) -> np.ndarray:
        distances = ((image - self.means_) ** 2).sum(axis=(1, 2)) * (1 + abs(extra[0]))
        nearness = np.exp(-(distances - distances.min()))
        return np.asarray(nearness / nearness.sum())

    def predict(self, tensors: Tensors) -> np.ndarray:
        return np.asarray(self.classes_[self.predict_proba(tensors).argmax(axis=1)])


class SequenceMean(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The mean of sequences of any length, where a mask is true."""

    def fit(self, tensors: Tensors, y: Any = None) -> Self:
        self.n_outputs_ = 1
        return self

    def predict(self, tensors: Tensors) -> np.ndarray:
        values, mask = tensors["values"], tensors["mask"]
        kept = np.where(mask[..., None], values.astype(np.float64), 0.0)
        return np.asarray(kept.sum(axis=(1, 2)) + 1.0)


class FixedMean(SequenceMean):
    """The same of sequences of the length that it was fitted on."""

    def fit(self, tensors: Tensors, y: Any = None) -> Self:
        self.length_ = tensors["values"].shape[1]
        return super().fit(tensors, y)

    def predict(self, tensors: Tensors) -> np.ndarray:
        if tensors["values"].shape[1] != self.length_:
            raise ValueError("another length")
        return super().predict(tensors)
