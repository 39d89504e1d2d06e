"""Clusterings and mixtures that predict: a cluster, with distances or probabilities."""

from typing import Any

import numpy as np
from sklearn import cluster
from sklearn.base import is_clusterer
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from service.model.contract.prediction_form import (
    PROBABILITIES,
    PredictionForm,
    form_labels,
)
from service.model.errors import PackagingError
from service.model.outputs import Outputs
from service.model.tasks.methods import find_last, index_classes
from service.model.tasks.naming import Naming, read_labels
from service.model.tasks.task import NO_EXTRAS, Extras, Task

MIXTURES = (GaussianMixture, BayesianGaussianMixture)

# Clusterings whose transform gives the distance to each cluster, in their order.
MEASURING = (cluster.KMeans, cluster.MiniBatchKMeans, cluster.BisectingKMeans)


class Clustering(Task):
    """A cluster's label, with a number for each cluster where there is one."""

    name = "clustering"

    def __init__(self, pipeline: Any, extras: Extras = NO_EXTRAS) -> None:
        super().__init__(pipeline, extras)
        if not self.methods.has("predict"):
            raise PackagingError(
                f"{type(self.methods.last).__name__} clusters its own table alone:"
                " it has no predict."
            )
        self.clusters = read_clusters(self.methods.last)
        self.label_counts = (len(self.clusters),)
        self._indices = {c: index for index, c in enumerate(self.clusters)}
        self._method, self._group = self._choose_numbers()

    @staticmethod
    def has(pipeline: Any) -> bool:
        last = find_last(pipeline)
        if isinstance(last, MIXTURES):
            return True
        # A clustering of features only transforms.
        is_transformer = not hasattr(last, "predict") and hasattr(last, "transform")
        return bool(is_clusterer(last)) and not is_transformer

    def ask(self, table: Any) -> Outputs:
        names = ("predict", self._method)[: 2 if self._method else 1]
        answers, *numbers = self.methods.call(table, *names)
        classes = index_classes(answers, self._indices)
        if self._group == PROBABILITIES:
            return Outputs(classes, *numbers)
        return Outputs(classes=classes, values=numbers[0] if numbers else None)

    def propose_form(self, naming: Naming) -> PredictionForm:
        return form_labels(read_labels(self.clusters, naming.labels), self._group)

    def _choose_numbers(self) -> tuple[str, str]:
        """Return the method that has a column for each cluster, and what it gives."""
        last = self.methods.last
        if self.methods.has("predict_proba"):
            return "predict_proba", PROBABILITIES
        is_measured = isinstance(last, MEASURING) or (
            # Its distances are to subclusters, which may be the clusters.
            isinstance(last, cluster.Birch)
            and np.array_equal(last.subcluster_labels_, self.clusters)
        )
        if is_measured and self.methods.has("transform"):
            return "transform", "distances"
        return "", ""


def read_clusters(last: Any) -> list[int]:
    """Return the labels that a clustering may predict, in order."""
    if isinstance(last, MIXTURES):
        return list(range(last.n_components))
    centres = getattr(last, "cluster_centers_", None)
    if centres is not None:
        # An affinity propagation that did not converge has none, and predicts -1.
        return list(range(len(centres))) or [-1]
    labels = getattr(last, "subcluster_labels_", getattr(last, "labels_", None))
    if labels is None:
        raise PackagingError(f"{type(last).__name__} does not say its clusters.")
    found: list[int] = np.unique(labels).tolist()
    return found
