"""A network's file passed to package() as it is."""

from pathlib import Path
from typing import Any

from service.model.errors import NetworkLoadError, PackagingError
from service.model.runtimes.answers import describe_outputs, find_labels
from service.model.runtimes.classifier import NetworkClassifier
from service.model.runtimes.estimator import NetworkEstimator
from service.model.runtimes.network_file import NetworkFile
from service.model.runtimes.registry import refuse_object
from service.model.runtimes.regressor import NetworkRegressor
from service.model.runtimes.tables import read_width


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
