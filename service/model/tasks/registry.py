"""Which task a fitted pipeline is of."""

from typing import Any

from sklearn.utils.validation import NotFittedError, check_is_fitted

from service.model.errors import PackagingError, describe_error
from service.model.tasks.classification import Classification
from service.model.tasks.clustering import Clustering
from service.model.tasks.methods import find_last
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
    except AttributeError as error:  # without a base class of scikit-learn's
        raise PackagingError(
            f"{_find_untagged(pipeline)} is no estimator of scikit-learn's kind: let"
            " its class inherit from ClassifierMixin, RegressorMixin or"
            " TransformerMixin, and then from BaseEstimator, and fit it again."
        ) from error
    except Exception as error:
        raise PackagingError(
            "Whether the pipeline is fitted cannot be told, for it raises"
            f" {describe_error(error)}: fit it again."
        ) from error
    for task in TASKS:
        if task.has(pipeline):
            return task(pipeline, extras)
    raise PackagingError(
        f"{type(find_last(pipeline)).__name__} is of no task that is served: it neither"
        " predicts classes, values, clusters or outliers, nor transforms."
    )


def _find_untagged(pipeline: Any) -> str:
    """Return the class of the step that has no tags, the last one where all do."""
    steps = [step for _, step in getattr(pipeline, "steps", ())]
    untagged = [s for s in steps if not hasattr(s, "__sklearn_tags__")]
    return type([find_last(pipeline), *untagged][-1]).__name__
