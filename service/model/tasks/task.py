"""The interface of a task."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from service.model.contract.prediction_form import PredictionForm
from service.model.errors import PackagingError
from service.model.outputs import Outputs
from service.model.tasks.methods import Methods
from service.model.tasks.naming import Naming

TaskName = Literal[
    "classification",
    "multioutput-classification",
    "regression",
    "ranking",
    "outlier-detection",
    "clustering",
    "transformation",
]


@dataclass(frozen=True)
class Extras:
    """What the owner wants answered beside, or instead of, what a task answers.

    `scores` are a classifier's decision scores, `std` the standard deviation of a
    regressor's value.
    """

    scores: bool = False
    std: bool = False


NO_EXTRAS = Extras()


class Task(ABC):
    """A kind of model: one fitted pipeline, asked, and the form of its answers.

    `label_counts` says how many classes each output has. It is empty where there are
    no labels.
    """

    name: ClassVar[TaskName]
    label_counts: tuple[int, ...] = ()

    def __init__(self, pipeline: Any, extras: Extras = NO_EXTRAS) -> None:
        """Read what is needed of a pipeline. Raises PackagingError."""
        self.methods = Methods(pipeline)
        self.refuse_extras(extras)

    @staticmethod
    @abstractmethod
    def has(pipeline: Any) -> bool:
        """Return True if a fitted pipeline is of this task."""

    @abstractmethod
    def ask(self, table: Any) -> Outputs:
        """Return the pipeline's answers. Raises PackagingError for what is none."""

    @abstractmethod
    def propose_form(self, naming: Naming) -> PredictionForm:
        """Return the form of a prediction. Raises PackagingError."""

    def form_names(self, names: tuple[str, ...]) -> PredictionForm | None:
        """Return the form that a manifest's names alone say, if they do."""
        return None

    def refuse_extras(self, extras: Extras) -> None:
        """Raise PackagingError for what this task does not answer."""
        if extras.scores:
            raise PackagingError('scores="decision" is for classifiers of one output.')
        if extras.std:
            raise PackagingError("std= is for regressors of one output.")
