"""A network that gives numbers under names of their own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import TransformerMixin

from service.model.errors import PackagingError
from service.model.runtimes.answers import (
    describe_outputs,
    find_output,
    join_numbers,
    list_names,
    read_rows,
)
from service.model.runtimes.estimator import NetworkEstimator
from service.model.runtimes.network import TensorForm
from service.model.runtimes.network_file import NetworkFile


class NetworkTransformer(TransformerMixin, NetworkEstimator):  # type: ignore[misc]
    """A network that gives numbers, such as an embedding: all of `outputs`, by name."""

    def __init__(
        self,
        network: str | Path | NetworkFile,
        *,
        outputs: Sequence[str] | None = None,
        allow_nan: bool = False,
    ) -> None:
        self.outputs = outputs
        self.allow_nan = allow_nan
        self._hold(network)

    def _settle(self) -> None:
        super()._settle()
        given = self.network.outputs
        names = [form.name for form in given] if self.outputs is None else self.outputs
        self.numbers: list[TensorForm] = [find_output(given, name) for name in names]
        if not names or any(form.dtype == "str" for form in self.numbers):
            raise PackagingError(
                f"The network gives {describe_outputs(given)}: say by outputs= which of"
                " them are numbers."
            )

    def answer(self, X: Any) -> np.ndarray:
        """Return the numbers of all outputs, side by side. Raises ValueError."""
        outputs, count = self.run(X)
        return join_numbers(
            [read_rows(f, outputs[f.name], count) for f in self.numbers]
        )

    def transform(self, X: Any) -> np.ndarray:
        """Return the numbers of all outputs, side by side."""
        return self.answer(X)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the numbers: an output's own, or with a number behind.

        Raises ValueError where the width of an output is free.
        """
        names = [name for form in self.numbers for name in list_names(form)]
        return np.array(names, dtype=object)
