"""What an estimator is made with where its defaults do not do, or take long.

Few iterations and few trees: what is compared is the form, and not the fit.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from corpus import tables
from corpus.tables import Data

LOGISTIC = LogisticRegression(max_iter=500)
TREES = {"n_estimators": 10, "random_state": 0}
FOREST = RandomForestClassifier(**TREES)
CLASSIFIERS = [("logistic", LOGISTIC), ("forest", FOREST)]
REGRESSORS = [("ridge", Ridge()), ("tree", DecisionTreeRegressor(max_depth=4))]

PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "AdaBoostClassifier": TREES,
    "AdaBoostRegressor": TREES,
    "AffinityPropagation": {"damping": 0.9, "max_iter": 1000, "random_state": 0},
    "BaggingClassifier": TREES,
    "BaggingRegressor": TREES,
    "BayesianGaussianMixture": {"n_components": 3, "max_iter": 300},
    "BernoulliRBM": {"n_components": 8, "n_iter": 3, "random_state": 0},
    "BisectingKMeans": {"n_clusters": 3, "random_state": 0},
    "CalibratedClassifierCV": {"cv": 2},
    "ClassifierChain": {"estimator": LOGISTIC},
    "DictionaryLearning": {"n_components": 4, "max_iter": 5, "random_state": 0},
    "ExtraTreesClassifier": TREES,
    "ExtraTreesRegressor": TREES,
    "FactorAnalysis": {"n_components": 3},
    "FastICA": {"n_components": 3, "random_state": 0},
    "FeatureAgglomeration": {"n_clusters": 3},
    "FixedThresholdClassifier": {"estimator": LOGISTIC, "threshold": 0.3},
    "GaussianMixture": {"n_components": 3, "random_state": 0},
    "GaussianProcessClassifier": {"optimizer": None},
    "GaussianProcessRegressor": {"alpha": 0.1, "optimizer": None},
    "GaussianRandomProjection": {"n_components": 4, "random_state": 0},
    "GenericUnivariateSelect": {"mode": "k_best", "param": 3},
    "GradientBoostingClassifier": TREES,
    "GradientBoostingRegressor": TREES,
    "HistGradientBoostingClassifier": {"max_iter": 10, "random_state": 0},
    "HistGradientBoostingRegressor": {"max_iter": 10, "random_state": 0},
    "HuberRegressor": {"max_iter": 1000},
    "IncrementalPCA": {"n_components": 3},
    "IsolationForest": {"n_estimators": 10, "random_state": 0},
    "Isomap": {"n_neighbors": 20},
    "IsotonicRegression": {"out_of_bounds": "clip"},
    "IterativeImputer": {"max_iter": 3, "random_state": 0},
    "KBinsDiscretizer": {"quantile_method": "averaged_inverted_cdf"},
    "KMeans": {"n_clusters": 3, "n_init": 1, "random_state": 0},
    "KernelPCA": {"n_components": 3, "kernel": "rbf"},
    "LabelPropagation": {"kernel": "knn"},
    "LabelSpreading": {"kernel": "knn"},
    "LatentDirichletAllocation": {"n_components": 3, "random_state": 0},
    "LinearSVC": {"random_state": 0},
    "LocalOutlierFactor": {"novelty": True},
    "LocallyLinearEmbedding": {"n_neighbors": 20, "random_state": 0},
    "LogisticRegression": {"max_iter": 500},
    "LogisticRegressionCV": {
        "Cs": 2,
        "cv": 2,
        "l1_ratios": (0,),
        "use_legacy_attributes": False,
        "scoring": "accuracy",
    },
    "MLPClassifier": {
        "hidden_layer_sizes": (16,),
        "max_iter": 50,
        "random_state": 0,
    },
    "MLPRegressor": {"hidden_layer_sizes": (16,), "max_iter": 50, "random_state": 0},
    "MiniBatchDictionaryLearning": {
        "n_components": 4,
        "max_iter": 5,
        "random_state": 0,
    },
    "MiniBatchKMeans": {"n_clusters": 3, "n_init": 1, "random_state": 0},
    "MiniBatchNMF": {"n_components": 3, "random_state": 0},
    "MiniBatchSparsePCA": {"n_components": 3, "max_iter": 10, "random_state": 0},
    "MultiOutputClassifier": {"estimator": LOGISTIC},
    "MultiOutputRegressor": {"estimator": Ridge()},
    "NMF": {"n_components": 3, "random_state": 0},
    "NeighborhoodComponentsAnalysis": {"n_components": 3, "max_iter": 10},
    "NuSVC": {"nu": 0.2},
    "Nystroem": {"n_components": 20, "random_state": 0},
    "OneClassSVM": {"nu": 0.1, "gamma": 0.1},
    "OneVsOneClassifier": {"estimator": LOGISTIC},
    "OneVsRestClassifier": {"estimator": LOGISTIC},
    "OrdinalEncoder": {
        "handle_unknown": "use_encoded_value",
        "unknown_value": -1,
    },
    "OneHotEncoder": {"handle_unknown": "ignore"},
    "OutputCodeClassifier": {"estimator": LOGISTIC, "random_state": 0},
    "PCA": {"n_components": 3},
    "PLSSVD": {"n_components": 2},
    "PolynomialCountSketch": {"n_components": 16, "random_state": 0},
    "QuadraticDiscriminantAnalysis": {"reg_param": 0.1},
    "QuantileRegressor": {"alpha": 0.1},
    "QuantileTransformer": {"n_quantiles": 50},
    "RANSACRegressor": {"estimator": LinearRegression(), "random_state": 0},
    "RBFSampler": {"n_components": 16, "random_state": 0},
    "RFE": {"estimator": LOGISTIC, "n_features_to_select": 3},
    "RFECV": {"estimator": DecisionTreeClassifier(max_depth=3), "cv": 2},
    "RadiusNeighborsClassifier": {"radius": 3.0, "outlier_label": "most_frequent"},
    "RadiusNeighborsRegressor": {"radius": 50.0},
    "RadiusNeighborsTransformer": {"radius": 3.0},
    "RandomForestClassifier": TREES,
    "RandomForestRegressor": TREES,
    "RandomTreesEmbedding": {**TREES, "max_depth": 3},
    "RegressorChain": {"estimator": Ridge()},
    "SGDClassifier": {"loss": "log_loss", "random_state": 0},
    "SVC": {"probability": False},
    "SelectFromModel": {"estimator": FOREST},
    "SelectKBest": {"k": 3},
    "SelectPercentile": {"percentile": 50},
    "SelfTrainingClassifier": {"estimator": LOGISTIC},
    "SequentialFeatureSelector": {
        "estimator": KNeighborsClassifier(),
        "n_features_to_select": 2,
        "cv": 2,
    },
    "SkewedChi2Sampler": {"n_components": 16, "random_state": 0},
    "SparseCoder": {"dictionary": np.eye(13)[:4], "transform_algorithm": "threshold"},
    "SparsePCA": {"n_components": 3, "max_iter": 10, "random_state": 0},
    "SparseRandomProjection": {"n_components": 4, "random_state": 0},
    "StackingClassifier": {"estimators": CLASSIFIERS, "cv": 2},
    "StackingRegressor": {"estimators": REGRESSORS, "cv": 2},
    "TargetEncoder": {"cv": 2},
    "TheilSenRegressor": {"max_subpopulation": 50, "random_state": 0},
    "TransformedTargetRegressor": {
        "regressor": Ridge(),
        "func": np.log1p,
        "inverse_func": np.expm1,
    },
    "TruncatedSVD": {"n_components": 3, "random_state": 0},
    "TunedThresholdClassifierCV": {"estimator": LOGISTIC, "cv": 2},
    "TweedieRegressor": {"power": 1.5, "max_iter": 500},
    "VotingClassifier": {"estimators": CLASSIFIERS, "voting": "soft"},
    "VotingRegressor": {"estimators": REGRESSORS},
}

# Estimators that take another table than most of their kind, or another target.
Read = Callable[[], Data]
FLAGGED = dict.fromkeys(("ClassifierChain", "MultiOutputClassifier"), tables.read_flags)
OF_TWO = dict.fromkeys(
    ("FixedThresholdClassifier", "TunedThresholdClassifierCV"), tables.read_cancer
)
OF_SEVERAL = dict.fromkeys(
    (
        *("CCA", "MultiOutputRegressor", "MultiTaskElasticNet", "MultiTaskLasso"),
        *("MultiTaskElasticNetCV", "MultiTaskLassoCV", "PLSCanonical", "PLSSVD"),
        *("PLSRegression", "RegressorChain"),
    ),
    tables.read_linnerud,
)
READ: Mapping[str, Read] = {
    **FLAGGED,
    **OF_TWO,
    **OF_SEVERAL,
    "IsotonicRegression": tables.read_weights,
    "KernelCenterer": tables.read_kernel,
}
