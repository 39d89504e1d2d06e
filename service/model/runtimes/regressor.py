"""A network that predicts numbers."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from service.model.runtimes.answers import find_output, read_rows
from service.model.runtimes.estimator import NetworkEstimator
from service.model.runtimes.network_file import NetworkFile


class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """A network that predicts a number, or several; `output` names the one of them."""

    def __init__(
        self,
        network: str | Path | NetworkFile,
        *,
        output: str | None = None,
        allow_nan: bool = False,
    ) -> None:
        self.output = output
        self.allow_nan = allow_nan
        self._hold(network)

    def _settle(self) -> None:
        super()._settle()
        self.values = find_output(self.network.outputs, self.output)

    def answer(self, X: Any) -> np.ndarray:
        """Return the values, a row for each row. Raises ValueError."""
        outputs, count = self.run(X)
        return read_rows(self.values, outputs[self.values.name], count)

    def predict(self, X: Any) -> np.ndarray:
        """Return the value of each row, or a row of several."""
        values = self.answer(X)
        return values[:, 0] if values.shape[1] == 1 else values
