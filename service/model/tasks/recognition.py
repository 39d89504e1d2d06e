"""Which task a fitted pipeline is of."""

from typing import Any

from sklearn.utils.validation import NotFittedError, check_is_fitted

from service.model.errors import PackagingError
from service.model.tasks.classification import Classification
from service.model.tasks.clustering import Clustering
from service.model.tasks.multioutput import MultioutputClassification
from service.model.tasks.outliers import OutlierDetection
from service.model.tasks.ranking import Ranking
from service.model.tasks.regression import Regression
from service.model.tasks.task import NO_EXTRAS, Extras, Task
from service.model.tasks.transformation import Transformation

# The first that has a pipeline is its task.
TASKS: tuple[type[Task], ...] = (
    Transformation,
    Ranking,
    MultioutputClassification,
    Classification,
    Regression,
    OutlierDetection,
    Clustering,
)


def find_task(pipeline: Any, extras: Extras = NO_EXTRAS) -> Task:
    """Return the pipeline's task. Raises PackagingError if it is not served here."""
    try:
        check_is_fitted(pipeline)
    except (NotFittedError, TypeError) as error:
        raise PackagingError(
            f"The pipeline is not a fitted estimator: {error}"
        ) from None
    for task in TASKS:
        if task.has(pipeline):
            return task(pipeline, extras)
    raise PackagingError(
        f"{type(pipeline).__name__} is of no task that is served: it neither predicts"
        " classes, values, clusters or outliers, nor transforms."
    )
