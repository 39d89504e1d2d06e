"""A network's file passed to package() as it is."""

from pathlib import Path
from typing import Any

import numpy as np

from service.model.errors import NetworkLoadError, PackagingError
from service.model.pipeline import FittedPipeline, check_training_table
from service.model.runtimes.answers import describe_outputs, find_labels
from service.model.runtimes.classifier import NetworkClassifier
from service.model.runtimes.estimator import NetworkEstimator
from service.model.runtimes.network_file import NetworkFile
from service.model.runtimes.registry import refuse_object
from service.model.runtimes.regressor import NetworkRegressor
from service.model.runtimes.tables import read_width
from service.model.tasks.methods import find_last

# The share of labels that are those of the largest probability, where all is well.
MOST = 0.5


def hold_network(pipeline: Any, labels: Any) -> Any:
    """Return a pipeline, or the estimator of a network that it is, or the path of.

    Raises PackagingError where the file does not say what kind of estimator that is.
    """
    if isinstance(pipeline, NetworkFile):
        return _choose_estimator(pipeline, labels)
    try:
        refuse_object(pipeline)
        if not isinstance(pipeline, str | Path):
            return pipeline
        return _choose_estimator(NetworkFile.open(pipeline), labels)
    except NetworkLoadError as error:
        raise PackagingError(str(error)) from None


def check_order(reference: FittedPipeline, X: Any) -> None:
    """Refuse classes that are in another order than the probabilities of a network.

    Only one that gives labels, too, tells. A threshold of its own may part most labels
    from the largest probability; yet a class is then the likelier where it is given.
    """
    last = find_last(reference.pipeline)
    if not isinstance(last, NetworkClassifier) or last.labels is None:
        return
    found = check_training_table(reference, X)
    classes, numbers = found.classes, found.probabilities
    if classes is None or numbers is None:
        return
    is_largest = numbers.argmax(axis=1) == classes
    if is_largest.mean() < MOST and not _is_likelier_where_given(classes, numbers):
        raise PackagingError(
            "The network gives other labels than those of its largest probabilities:"
            " list classes= in the order of the probabilities."
        )


def _is_likelier_where_given(classes: np.ndarray, numbers: np.ndarray) -> bool:
    for index in range(numbers.shape[1]):
        is_given = classes == index
        if is_given.any() and not is_given.all():
            where, elsewhere = numbers[is_given, index], numbers[~is_given, index]
            if where.mean() < elsewhere.mean():
                return False
    return True


def _choose_estimator(network: NetworkFile, labels: Any) -> NetworkEstimator:
    outputs = network.outputs
    if labels is not None or find_labels(outputs, None):
        return NetworkClassifier(network)
    if len(outputs) == 1 and read_width(outputs[0]) == 1:
        return NetworkRegressor(network)
    raise PackagingError(
        f"{network.name} gives {describe_outputs(outputs)}: pass labels= if that is a"
        " classifier's, or say what it is by NetworkClassifier, NetworkRegressor or"
        " NetworkTransformer of service.model."
    )
