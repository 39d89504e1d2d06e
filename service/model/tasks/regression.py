"""Regressors: a value or several, or a value with its standard deviation."""

import inspect
from typing import Any

import numpy as np
from sklearn.base import is_regressor

from service.model.contract.prediction_form import PredictionForm, form_values
from service.model.errors import PackagingError
from service.model.outputs import Outputs
from service.model.tasks.naming import Naming
from service.model.tasks.task import NO_EXTRAS, Extras, Task


class Regression(Task):
    """A value, or several by name; with `std` the standard deviation beside it."""

    name = "regression"

    def __init__(self, pipeline: Any, extras: Extras = NO_EXTRAS) -> None:
        super().__init__(pipeline, extras)
        self._has_std = extras.std
        if extras.std and not has_std(self.methods.last):
            raise PackagingError("std= needs a regressor whose predict has return_std.")

    @staticmethod
    def has(pipeline: Any) -> bool:
        return bool(is_regressor(pipeline))

    def ask(self, table: Any) -> Outputs:
        if not self._has_std:
            [answers] = self.methods.call(table, "predict")
            return Outputs(values=read_values(answers))
        [[answers, deviations]] = self.methods.call(table, "predict", return_std=True)
        if answers.ndim != 1:
            raise PackagingError("std= is for regressors of one output.")
        return Outputs(values=np.column_stack([answers, deviations]))

    def propose_form(self, naming: Naming) -> PredictionForm:
        naming.refuse_labels("regressors")
        if self._has_std:
            return PredictionForm(scalars=("value", "std"))
        count = naming.width
        return self.form_names(("value",) if count == 1 else naming.name_outputs(count))

    def form_names(self, names: tuple[str, ...]) -> PredictionForm:
        return form_values(names)

    def refuse_extras(self, extras: Extras) -> None:
        if extras.scores:
            raise PackagingError('scores="decision" is for classifiers of one output.')


def has_std(estimator: Any) -> bool:
    """Return True if predict can give the standard deviation, too."""
    return "return_std" in inspect.signature(estimator.predict).parameters


def read_values(answers: np.ndarray) -> np.ndarray:
    """Return answers as rows of numbers. Raises PackagingError."""
    if answers.dtype.kind not in "fiub":
        raise PackagingError(
            f"A regressor must predict numbers, and not {answers.dtype}."
        )
    return answers.reshape(len(answers), -1)
