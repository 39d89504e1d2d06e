"""A network as a fitted estimator of scikit-learn's kind.

So held, it is a pipeline or its last step, or one of them, and all else takes it for
what it takes any estimator for.
"""

from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from service.model.errors import NetworkLoadError
from service.model.runtimes.network_file import NetworkFile
from service.model.runtimes.tables import InputReader, describe_form


class NetworkEstimator(BaseEstimator):  # type: ignore[misc]
    """A network that answers tables of numbers, or arrays by the names of its inputs.

    It is fitted as it is: `fit` changes nothing, and a clone is the estimator itself.
    A table is split among several inputs in their order, or by name where a frame has a
    column for each. Numbers are cast to the types of the inputs, and what does not fit
    is refused, as is NaN unless `allow_nan`.
    """

    network: NetworkFile
    allow_nan: bool

    def _hold(self, network: str | Path | NetworkFile) -> None:
        """Open a network. Raises NetworkLoadError, or PackagingError."""
        held = (
            network if isinstance(network, NetworkFile) else NetworkFile.open(network)
        )
        if not held.inputs:
            raise NetworkLoadError(f"{held.name} takes no input.")
        for form in held.inputs:
            if not form.shape or form.shape[0] is not None:
                raise NetworkLoadError(
                    f"{held.name}: its input {describe_form(form)} takes no batch of"
                    " any size: export it with a first dimension that is free."
                )
        self.network = held
        self._settle()

    def _settle(self) -> None:
        """Read what the parameters say. Raises PackagingError."""
        self._reader = InputReader(self.network.inputs, allow_nan=self.allow_nan)
        if self._reader.width is not None:
            self.n_features_in_ = self._reader.width

    def set_params(self, **params: Any) -> Self:
        super().set_params(**params)
        self._hold(self.network)
        return self

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Return the estimator, which is fitted."""
        return self

    def run(self, X: Any) -> tuple[dict[str, np.ndarray], int]:
        """Return all outputs, and the number of rows. Raises ValueError."""
        inputs = self._reader.read(X)
        return self.network.run(inputs), len(next(iter(inputs.values())))

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_clone__(self) -> Self:
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.allow_nan
        return tags
