"""A network as a team would hold it by hand, for the peers: onnxruntime, one thread."""

from typing import Any

import numpy as np
import onnxruntime
from sklearn.base import BaseEstimator, ClassifierMixin


class Network(ClassifierMixin, BaseEstimator):
    """A classifier of an ONNX file's bytes."""

    def __init__(self, content: bytes, classes: list[str]) -> None:
        self.content = content
        self.classes = classes
        self._open()

    def _open(self) -> None:
        self.classes_ = np.array(self.classes)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session_ = onnxruntime.InferenceSession(
            self.content, options, ["CPUExecutionProvider"]
        )

    def __getstate__(self) -> dict[str, Any]:
        return {"content": self.content, "classes": self.classes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def fit(self, X: Any, y: Any = None) -> "Network":
        """Change nothing: it is trained."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities, of shape (instances, classes)."""
        table = np.asarray(X, dtype=np.float32)
        answers: np.ndarray = self.session_.run(["probabilities"], {"x": table})[0]
        return answers

    def predict(self, X: Any) -> np.ndarray:
        """Return the classes."""
        classes: np.ndarray = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return classes
