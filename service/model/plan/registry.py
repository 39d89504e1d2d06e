"""What has a compiled form, by exact type: a subclass may behave otherwise.

Each planner's table stands at the foot of its module; here is what the planners of each
table take and give. To add one: write `plan_NAME(fitted)`, which reads the fitted
attributes and returns a function of a batch (or a Step, for a faster single row) or
raises NoPlanError; put it in its module's table; give it an example in
tests/model/plan/test_parity.py, which fails without one.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sklearn.feature_selection import RFE, RFECV
from sklearn.linear_model import RANSACRegressor
from sklearn.naive_bayes import CategoricalNB, GaussianNB
from sklearn.semi_supervised import SelfTrainingClassifier

from service.model.plan.blocks import (
    MAPPINGS,
    NUMBERS,
    OBJECTS,
    SPARSE,
    TEXTS,
    BlockType,
)
from service.model.plan.predictors import gaussian_processes, support_vectors
from service.model.plan.predictors.adaboost import ADABOOST
from service.model.plan.predictors.bayes import BAYES
from service.model.plan.predictors.boosters import BOOSTERS
from service.model.plan.predictors.calibration import CALIBRATED
from service.model.plan.predictors.centroids import CENTROIDS
from service.model.plan.predictors.clusters import CLUSTERS
from service.model.plan.predictors.cross_decomposition import CROSS_DECOMPOSITIONS
from service.model.plan.predictors.densities import DENSITIES
from service.model.plan.predictors.dummies import DUMMIES
from service.model.plan.predictors.ensembles import BAGS, ENSEMBLES
from service.model.plan.predictors.isotonic import ISOTONIC
from service.model.plan.predictors.kernel_ridge import KERNEL_REGRESSORS
from service.model.plan.predictors.label_propagation import PROPAGATION
from service.model.plan.predictors.linear_classifiers import (
    LINEAR_CLASSIFIERS,
    LINEAR_DECISIONS,
    LINEAR_SCORES,
)
from service.model.plan.predictors.linear_regressors import (
    LINEAR_DEVIATIONS,
    LINEAR_REGRESSORS,
)
from service.model.plan.predictors.local_outliers import LOCAL_OUTLIERS
from service.model.plan.predictors.multiclass import (
    MULTICLASS,
    MULTICLASS_SCORES,
    PAIRS,
)
from service.model.plan.predictors.multioutput import CHAINS, MULTIOUTPUT
from service.model.plan.predictors.neighbours import NEIGHBOURS
from service.model.plan.predictors.neural_networks import NETWORKS
from service.model.plan.predictors.radius_neighbours import RADIUS
from service.model.plan.predictors.thresholds import THRESHOLDS
from service.model.plan.steps import FinalStep
from service.model.plan.transformers.distances import DISTANCES
from service.model.plan.transformers.distributions import DISTRIBUTIONS
from service.model.plan.transformers.encoders import ENCODERS
from service.model.plan.transformers.expansions import EXPANSIONS
from service.model.plan.transformers.imputers import NUMBER_IMPUTERS, OBJECT_IMPUTERS
from service.model.plan.transformers.kernel_approximations import APPROXIMATIONS
from service.model.plan.transformers.mappings import (
    DENSE_MAPPING_VECTORIZERS,
    MAPPING_VECTORIZERS,
)
from service.model.plan.transformers.model_imputers import MODEL_IMPUTERS
from service.model.plan.transformers.projections import (
    PROJECTIONS,
    SPARSE_PROJECTIONS,
)
from service.model.plan.transformers.scalers import SCALERS
from service.model.plan.transformers.selectors import SELECTORS
from service.model.plan.transformers.sparse_rows import SPARSE_STEPS
from service.model.plan.transformers.texts import TEXT_VECTORIZERS
from service.model.plan.trees.boosting import BOOSTED, BOOSTED_DECISIONS
from service.model.plan.trees.embedding import EMBEDDINGS
from service.model.plan.trees.forests import FORESTS
from service.model.plan.trees.isolation import ISOLATION
from service.model.tasks.task import Extras

Planners = dict[type, Callable[[Any], Any]]

# Transformers: planners, what their steps take, and what they give.
TRANSFORMERS: tuple[tuple[Planners, BlockType, BlockType], ...] = (
    (
        NUMBER_IMPUTERS
        | MODEL_IMPUTERS
        | SCALERS
        | DISTRIBUTIONS
        | EXPANSIONS
        | SELECTORS
        | PROJECTIONS
        | DISTANCES
        | APPROXIMATIONS,
        NUMBERS,
        NUMBERS,
    ),
    (ENCODERS, OBJECTS, NUMBERS),
    (OBJECT_IMPUTERS, OBJECTS, OBJECTS),
    (EMBEDDINGS, NUMBERS, SPARSE),
    (TEXT_VECTORIZERS, TEXTS, SPARSE),
    (MAPPING_VECTORIZERS, MAPPINGS, SPARSE),
    (DENSE_MAPPING_VECTORIZERS, MAPPINGS, NUMBERS),
    (SPARSE_STEPS, SPARSE, SPARSE),
    (SPARSE_PROJECTIONS, SPARSE, NUMBERS),
)

# Predictors of every task: from numbers to the Outputs that the task's `ask` returns
# (service/model/tasks/).
PREDICTORS: Planners = {
    **(LINEAR_CLASSIFIERS | LINEAR_REGRESSORS | BAYES | FORESTS | BOOSTED | CLUSTERS),
    **(ISOLATION | DENSITIES | DUMMIES),
    **(NEIGHBOURS | RADIUS | CENTROIDS | NETWORKS | KERNEL_REGRESSORS),
    **(LOCAL_OUTLIERS | PROPAGATION | CROSS_DECOMPOSITIONS | ISOTONIC),
    **(support_vectors.PREDICTORS | gaussian_processes.PREDICTORS),
}

# The same where the owner wants more than a task answers anyway.
EXTRA_PREDICTORS: dict[Extras, Mapping[type, Callable[[Any], FinalStep]]] = {
    Extras(scores=True): LINEAR_SCORES | support_vectors.SCORES,
    Extras(std=True): LINEAR_DEVIATIONS | gaussian_processes.DEVIATIONS,
}

# Those whose steps multiply what they are given by weights: sparse rows can be, too.
SPARSE_PREDICTORS = frozenset(
    LINEAR_CLASSIFIERS | LINEAR_REGRESSORS | BAYES | NETWORKS
) - {GaussianNB, CategoricalNB}

# The same of libraries that need not be installed, by f"{module}.{name}" of the type.
PREDICTORS_BY_NAME: dict[str, Callable[[Any], FinalStep]] = BOOSTERS

# Classifiers asked for decision_function: from numbers to Outputs(values=decisions).
DECISIONS: Planners = LINEAR_DECISIONS | BOOSTED_DECISIONS | support_vectors.DECISIONS

# Predictors that ask others: a planner is given these as SubEstimators.
WRAPPERS: dict[type, Callable[[Any, Any], FinalStep]] = (
    CALIBRATED | ENSEMBLES | ADABOOST | MULTICLASS | MULTIOUTPUT | THRESHOLDS
)

# The same asked for decision_function: to Outputs of classes and values.
WRAPPER_SCORES: dict[type, Callable[[Any, Any], FinalStep]] = MULTICLASS_SCORES

# Of them, those that make an array of a frame before they ask their parts.
ARRAY_MAKERS: dict[type, Callable[[Any, Any], FinalStep]] = (
    BAGS | ADABOOST | PAIRS | CHAINS
)
# Of these, those that pass sparse rows on.
SPARSE_WRAPPERS = frozenset(PAIRS)

# Predictors that answer as their `estimator_` does, to which they give an array; the
# selectors choose columns of it first.
DELEGATING = (RANSACRegressor, SelfTrainingClassifier, RFE, RFECV)
