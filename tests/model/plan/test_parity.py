"""The parity table: every row of the registry, in a whole pipeline on real data.

Each is fitted, compiled and let through the gate on its whole table; the largest
difference from scikit-learn and how many times faster one row is are printed when the
tests have run. Nothing is above 1e-12, and no label is another.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import chain
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pytest
from imblearn.ensemble import EasyEnsembleClassifier
from prose import read_prose
from sklearn import (
    cluster,
    ensemble,
    linear_model,
    mixture,
    multioutput,
    naive_bayes,
    svm,
    tree,
)
from sklearn import feature_selection as selection
from sklearn.base import BaseEstimator, clone, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.compose import ColumnTransformer
from sklearn.covariance import EllipticEnvelope
from sklearn.cross_decomposition import CCA, PLSCanonical
from sklearn.datasets import load_diabetes
from sklearn.decomposition import (
    PCA,
    FactorAnalysis,
    FastICA,
    IncrementalPCA,
    KernelPCA,
    TruncatedSVD,
)
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import (
    GaussianProcessClassifier,
    GaussianProcessRegressor,
)
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.impute._iterative import IterativeImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_approximation import (
    AdditiveChi2Sampler,
    Nystroem,
    PolynomialCountSketch,
    RBFSampler,
    SkewedChi2Sampler,
)
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.model_selection._search_successive_halving import (
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
)
from sklearn.multiclass import (
    OneVsOneClassifier,
    OneVsRestClassifier,
    OutputCodeClassifier,
)
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NeighborhoodComponentsAnalysis,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)
from sklearn.neural_network import BernoulliRBM, MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection
from sklearn.semi_supervised import (
    LabelPropagation,
    LabelSpreading,
    SelfTrainingClassifier,
)
from xgboost import XGBClassifier, XGBRegressor

import train
from service.model.contract.observation import observe_table
from service.model.contract.table_rows import read_columns
from service.model.contract.tables import build_table
from service.model.pipeline import FittedPipeline
from service.model.plan import registry
from service.model.plan.blocks import MAPPINGS, NUMBERS, OBJECTS, TEXTS
from service.model.plan.estimator_types import INHERITING
from service.model.plan.plan import compile_plan
from service.model.plan.predictors.sub_estimators import UNWRAPPED
from service.model.prediction.gate import check_agreement
from service.model.tasks.task import NO_EXTRAS, Extras
from service.model.tolerances import SAME_ANSWER

# Every eighth row has all that matters here, nulls and each category among it.
CREDIT, STATUS = (table.iloc[::8] for table in train.read_data())
DIABETES, PROGRESSION = load_diabetes(return_X_y=True, as_frame=True)
PROSE, TOPICS = read_prose()
DICTS = [
    {"first": words[0], "words": len(words), "has note": "note" in words}
    for words in map(str.split, PROSE)
]
QUANTITIES = list(CREDIT.select_dtypes("number"))
CATEGORIES = list(CREDIT.select_dtypes(exclude="number"))

# Few iterations, for the shape is what is compared.
SMALL: dict[str, Any] = {"n_estimators": 20, "random_state": 0}
FOREST = ensemble.RandomForestClassifier(**SMALL)
LOGISTIC = linear_model.LogisticRegression(max_iter=2000)
RIDGE = linear_model.Ridge()
ONE_HOT = OneHotEncoder(handle_unknown="ignore")
VOTERS = [("a", LOGISTIC), ("b", FOREST)]
REGRESSORS = [("a", RIDGE), ("b", tree.DecisionTreeRegressor(max_depth=3))]

# Examples of the types that their defaults would not show, or not fast. The last step
# of a pipeline is what it is an example of.
EXAMPLES = [
    SimpleImputer(strategy="median", add_indicator=True),
    MissingIndicator(missing_values=0),
    IterativeImputer(max_iter=2),
    KBinsDiscretizer(quantile_method="averaged_inverted_cdf"),
    QuantileTransformer(n_quantiles=100),
    make_pipeline(StandardScaler(), PolynomialFeatures(2)),
    FunctionTransformer(np.cbrt),
    Binarizer(threshold=50),
    selection.SelectKBest(k=5),
    selection.GenericUnivariateSelect(mode="k_best", param=4),
    selection.SelectFromModel(FOREST),
    selection.RFE(tree.DecisionTreeClassifier(random_state=0)),
    selection.RFECV(tree.DecisionTreeClassifier(random_state=0), step=9, cv=2),
    selection.SequentialFeatureSelector(naive_bayes.GaussianNB(), cv=2),
    make_pipeline(StandardScaler(), PCA(4)),
    make_pipeline(StandardScaler(), TruncatedSVD(4)),
    make_pipeline(StandardScaler(), IncrementalPCA(4, whiten=True)),
    make_pipeline(StandardScaler(), NeighborhoodComponentsAnalysis(4, max_iter=5)),
    make_pipeline(MinMaxScaler(), BernoulliRBM(4, n_iter=2, random_state=0)),
    make_pipeline(StandardScaler(), FastICA(3, random_state=0)),
    make_pipeline(StandardScaler(), FactorAnalysis(3)),
    make_pipeline(StandardScaler(), KernelPCA(3, kernel="rbf", gamma=0.1)),
    make_pipeline(StandardScaler(), GaussianRandomProjection(3, random_state=0)),
    make_pipeline(StandardScaler(), SparseRandomProjection(3, random_state=0)),
    make_pipeline(StandardScaler(), LinearDiscriminantAnalysis()),
    LinearDiscriminantAnalysis(),
    make_pipeline(StandardScaler(), cluster.FeatureAgglomeration(3)),
    cluster.Birch(threshold=2, n_clusters=None),
    cluster.MeanShift(max_iter=5),
    OneHotEncoder(drop="first", handle_unknown="ignore"),
    OneHotEncoder(min_frequency=200, handle_unknown="infrequent_if_exist"),
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    LOGISTIC,
    linear_model.LogisticRegressionCV(
        Cs=2, l1_ratios=(0,), use_legacy_attributes=False, scoring="accuracy"
    ),
    linear_model.SGDClassifier(loss="log_loss", random_state=0),
    linear_model.HuberRegressor(max_iter=1000),
    linear_model.TheilSenRegressor(max_subpopulation=50, random_state=0),
    make_pipeline(MinMaxScaler(), naive_bayes.MultinomialNB()),
    make_pipeline(MinMaxScaler(), naive_bayes.ComplementNB()),
    make_pipeline(
        KBinsDiscretizer(encode="ordinal", quantile_method="averaged_inverted_cdf"),
        naive_bayes.CategoricalNB(),
    ),
    QuadraticDiscriminantAnalysis(reg_param=0.1),
    mixture.GaussianMixture(3, random_state=0),
    mixture.BayesianGaussianMixture(n_components=3, random_state=0),
    cluster.BisectingKMeans(5, random_state=0),
    svm.SVC(probability=True, random_state=0),
    svm.NuSVC(nu=0.2),
    KNeighborsClassifier(weights="distance"),
    LabelPropagation(kernel="knn", max_iter=20),
    LabelSpreading(gamma=0.1),
    KNeighborsRegressor(algorithm="brute"),
    LocalOutlierFactor(novelty=True),
    RadiusNeighborsClassifier(9, outlier_label="good"),
    RadiusNeighborsRegressor(9),
    MLPClassifier((20,), max_iter=20, random_state=0),
    MLPRegressor(hidden_layer_sizes=(20, 20), max_iter=20, random_state=0),
    KernelRidge(kernel="rbf"),
    GaussianProcessRegressor(optimizer=None),
    GaussianProcessClassifier(optimizer=None),
    make_pipeline(PCA(1), IsotonicRegression(out_of_bounds="clip")),
    PLSCanonical(1),
    CCA(1),
    make_pipeline(StandardScaler(), Nystroem(n_components=20, random_state=0)),
    make_pipeline(StandardScaler(), RBFSampler(random_state=0)),
    make_pipeline(MinMaxScaler(clip=True), SkewedChi2Sampler(random_state=0)),
    make_pipeline(StandardScaler(), KernelPCA(4, kernel="rbf")),
    make_pipeline(MinMaxScaler(clip=True), AdditiveChi2Sampler()),
    make_pipeline(StandardScaler(), PolynomialCountSketch(random_state=0)),
    KMeans(4, n_init=1, random_state=0),
    MiniBatchKMeans(4, n_init=1, random_state=0),
    FOREST,
    ensemble.ExtraTreesClassifier(**SMALL),
    ensemble.GradientBoostingClassifier(**SMALL),
    ensemble.HistGradientBoostingClassifier(max_iter=20, random_state=0),
    ensemble.RandomForestRegressor(**SMALL),
    ensemble.ExtraTreesRegressor(**SMALL),
    ensemble.GradientBoostingRegressor(**SMALL),
    ensemble.HistGradientBoostingRegressor(max_iter=20, random_state=0),
    ensemble.RandomTreesEmbedding(max_depth=3, **SMALL),
    CalibratedClassifierCV(FOREST, cv=2),
    CalibratedClassifierCV(naive_bayes.GaussianNB(), method="isotonic", cv=2),
    CalibratedClassifierCV(cv=2),
    ensemble.VotingClassifier(VOTERS, voting="soft"),
    ensemble.VotingRegressor(REGRESSORS),
    ensemble.StackingClassifier(VOTERS, cv=2),
    ensemble.StackingRegressor(REGRESSORS, cv=2),
    ensemble.AdaBoostClassifier(n_estimators=20, random_state=0),
    ensemble.AdaBoostRegressor(n_estimators=20, random_state=0),
    EasyEnsembleClassifier(
        n_estimators=3,
        estimator=ensemble.AdaBoostClassifier(n_estimators=10, random_state=0),
        random_state=0,
    ),
    multioutput.MultiOutputRegressor(tree.DecisionTreeRegressor(max_depth=3)),
    multioutput.RegressorChain(RIDGE),
    multioutput.MultiOutputClassifier(LOGISTIC),
    multioutput.ClassifierChain(LOGISTIC),
    OneVsRestClassifier(LOGISTIC),
    OneVsOneClassifier(LOGISTIC),
    OutputCodeClassifier(LOGISTIC, code_size=4, random_state=0),
    FixedThresholdClassifier(LOGISTIC, threshold=0.3, pos_label="good"),
    TunedThresholdClassifierCV(LOGISTIC, cv=2, thresholds=9),
    SelfTrainingClassifier(FOREST),
    linear_model.RANSACRegressor(RIDGE, min_samples=50, random_state=0),
    HalvingGridSearchCV(RIDGE, {"alpha": [0.1, 1.0]}, cv=2, random_state=0),
    HalvingRandomSearchCV(RIDGE, {"alpha": [0.1, 1.0]}, cv=2, random_state=0),
    GridSearchCV(RIDGE, {"alpha": [0.1, 1.0]}, cv=2),
    RandomizedSearchCV(RIDGE, {"alpha": [0.1, 1.0]}, cv=2, n_iter=2),
    FrozenEstimator(RIDGE.fit(DIABETES.to_numpy(), PROGRESSION)),
]
# Beside their defaults.
EXAMPLES += [
    kind(**SMALL, n_jobs=1, booster=booster)
    for kind in (XGBClassifier, XGBRegressor)
    for booster in ("gbtree", "gblinear")
]
# A million columns, their default, take gigabytes to fit.
HASHERS = [HashingVectorizer(n_features=2**10), FeatureHasher(64)]
SPARSE_EXAMPLES = [
    StandardScaler(with_mean=False),
    RobustScaler(with_centering=False),
    selection.SelectKBest(selection.chi2, k=50),
    selection.GenericUnivariateSelect(selection.chi2, mode="k_best", param=50),
    selection.SelectFromModel(LOGISTIC),
    selection.RFE(LOGISTIC, step=0.5),
    selection.RFECV(LOGISTIC, step=0.9, cv=2),
    # Of fewer columns: it is fitted anew for each that is left.
    make_pipeline(
        selection.SelectKBest(selection.chi2, k=40),
        selection.SequentialFeatureSelector(
            naive_bayes.MultinomialNB(), n_features_to_select=2, cv=2
        ),
    ),
    GaussianRandomProjection(8, random_state=0),
    TruncatedSVD(4),
]
OBJECT_EXAMPLES = [SimpleImputer(strategy="constant", fill_value="unknown")]

# imbalanced-learn's: its Pipeline is tried in test_estimator_types.py.
ENSEMBLES = [path for path, kind in INHERITING.items() if kind is not Pipeline]

# Those whose densities a column for each category would make singular.
NUMERIC = (
    mixture.GaussianMixture,
    mixture.BayesianGaussianMixture,
    EllipticEnvelope,
    cluster.MeanShift,
    cluster.AffinityPropagation,
)

# What libraries that know no defaults of ours need, to be quiet and on one thread.
OPTIONS: dict[str, dict[str, Any]] = {
    "lightgbm": {**SMALL, "n_jobs": 1, "verbose": -1},
    "xgboost": {**SMALL, "n_jobs": 1},
    "imblearn": SMALL,
}


def read_type(example: Any) -> type:
    """Return the type that an estimator, or the last step of a pipeline, is of."""
    return type(example.steps[-1][1] if hasattr(example, "steps") else example)


def make_all(kind: type, examples: list[Any]) -> list[Any]:
    """Return the examples of a type, or one made by its defaults."""
    found = [example for example in examples if read_type(example) is kind]
    options = OPTIONS.get(kind.__module__.partition(".")[0], {})
    try:
        return found or [kind(**options)]
    except TypeError:
        pytest.fail(f"{kind.__name__} is in the registry: give it an example here.")


def prepare(numbers: Any = None, texts: Any = None) -> ColumnTransformer:
    """Return the preparation of the credit data, around a step for each kind."""
    scaler = StandardScaler() if numbers is None else numbers
    numbers = make_pipeline(SimpleImputer(), scaler)
    texts = make_pipeline(SimpleImputer(strategy="most_frequent"), texts or ONE_HOT)
    named = [("n", numbers, QUANTITIES), ("c", texts, CATEGORIES)]
    return ColumnTransformer(named, sparse_threshold=0)


def surround(step: Any, takes: Any, gives: Any) -> Any:
    """Return a pipeline around a transformer."""
    if takes == NUMBERS:
        return make_pipeline(prepare(numbers=step), LOGISTIC)
    if takes in (TEXTS, MAPPINGS):
        return make_pipeline(step, LOGISTIC)
    if takes.is_sparse:
        return make_pipeline(CountVectorizer(), step, LOGISTIC)
    encoder = make_pipeline(step, ONE_HOT) if gives == OBJECTS else step
    return make_pipeline(prepare(texts=encoder), LOGISTIC)


def list_rows() -> Iterator[Any]:
    """Yield the types of the registry, each with what makes pipelines of it."""
    for planners, takes, gives in registry.TRANSFORMERS:
        examples = SPARSE_EXAMPLES if takes.is_sparse else EXAMPLES
        suffix = " of sparse rows" if takes.is_sparse else ""
        if takes in (TEXTS, MAPPINGS):
            examples = HASHERS
        if takes == MAPPINGS and gives == NUMBERS:
            examples, suffix = [DictVectorizer(sparse=False)], " to dense rows"
        if gives == OBJECTS:
            examples, suffix = OBJECT_EXAMPLES, " of objects"
        for kind in planners:
            yield pytest.param(
                lambda k=kind, e=examples, t=takes, g=gives: [
                    surround(step, t, g) for step in make_all(k, e)
                ],
                id=f"{kind.__name__}{suffix}",
            )
    tables = registry.PREDICTORS, registry.WRAPPERS, registry.DELEGATING, UNWRAPPED
    found = map(import_type, (*registry.PREDICTORS_BY_NAME, *ENSEMBLES))
    for kind in (*chain(*tables), *found):
        yield pytest.param(
            lambda k=kind: [
                make_pipeline(StandardScaler() if is_scored(p) else prepare(), p)
                for p in make_all(k, EXAMPLES)
            ],
            id=kind.__name__,
        )


def is_scored(predictor: BaseEstimator) -> bool:
    """Return True for what answers numbers, which is fitted on those of DIABETES."""
    return find_data(predictor)[0] is DIABETES


def import_type(path: str) -> type:
    module, _, name = path.rpartition(".")
    found: type = getattr(import_module(module), name)
    return found


def find_data(pipeline: BaseEstimator) -> tuple[Any, Any]:
    """Return the data that a pipeline is fitted on."""
    name = read_type(pipeline).__name__
    first = pipeline[0] if isinstance(pipeline, Pipeline) else pipeline
    if hasattr(first, "build_analyzer"):
        return PROSE, TOPICS
    if isinstance(first, DictVectorizer | FeatureHasher):
        return DICTS, TOPICS
    if name.endswith("Ranker"):
        return DIABETES, PROGRESSION.gt(PROGRESSION.median()).astype(int)
    has_targets = name.startswith(("MultiO", "MultiTask", "RegressorC", "ClassifierC"))
    last = pipeline[-1] if isinstance(pipeline, Pipeline) else pipeline
    if is_regressor(last) or isinstance(last, NUMERIC):
        targets = np.column_stack([PROGRESSION, PROGRESSION**0.5])
        return DIABETES, targets if has_targets else PROGRESSION
    if has_targets:
        targets = np.column_stack([STATUS == "good", CREDIT["Age"] > 35])
        return CREDIT, targets.astype(int)
    return CREDIT, (STATUS == "good").astype(int) if name[:3] == "XGB" else STATUS


def find_groups(pipeline: BaseEstimator) -> dict[str, Any]:
    """Return what a ranker's fit takes, too: here all rows are of one query."""
    kind = read_type(pipeline).__name__
    is_ranker = kind.endswith("Ranker")
    return {f"{kind.lower()}__group": [len(DIABETES)]} if is_ranker else {}


@pytest.mark.parametrize("make", list(list_rows()))
def test_every_row_of_the_registry_agrees_to_1e_12(
    make: Callable[[], list[Any]],
    record_property: Callable[[str, object], None],
    request: pytest.FixtureRequest,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the fit, which is not what is tested
        fitted = [clone(one).fit(*find_data(one), **find_groups(one)) for one in make()]
    found = [check(pipeline, find_data(pipeline)[0]) for pipeline in fitted]
    difference = max(difference for difference, _ in found)
    speed_up = min(speed_up for _, speed_up in found)
    record_property("parity", (request.node.callspec.id, difference, speed_up))


EXTRAS = [
    (registry.EXTRA_PREDICTORS[extras], extras) for extras in registry.EXTRA_PREDICTORS
]


@pytest.mark.parametrize(
    ("kind", "extras"),
    [
        pytest.param(kind, extras, id=f"{kind.__name__} with extras")
        for kinds, extras in EXTRAS
        for kind in kinds
    ],
)
def test_every_row_with_extras_agrees_to_1e_12(
    kind: type,
    extras: Extras,
    record_property: Callable[[str, object], None],
    request: pytest.FixtureRequest,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the fit, which is not what is tested
        example = make_all(kind, EXAMPLES)[0]
        first = StandardScaler() if is_scored(example) else prepare()
        pipeline = clone(make_pipeline(first, example))
        pipeline.fit(*find_data(example))
    found = check(pipeline, find_data(example)[0], extras)
    record_property("parity", (request.node.callspec.id, *found))


@pytest.mark.parametrize(
    "transformer",
    [make_pipeline(StandardScaler(), PCA(4)), StandardScaler(), TruncatedSVD(2)],
)
def test_a_transformer_alone_agrees(transformer: Any) -> None:
    check(clone(transformer).fit(DIABETES), DIABETES)


def test_k_means_agrees_on_integers_and_on_ties() -> None:
    table = (DIABETES * 40).round().astype(np.int64)
    fitted = make_pipeline(StandardScaler(), KMeans(4, n_init=1)).fit(table)
    check(fitted, table)
    middle = pd.DataFrame({"x": [0.0, 2.0] * 8, "z": [1.0] * 16})
    tied = KMeans(2, n_init=1, random_state=0).fit(middle.to_numpy(float))
    tied.feature_names_in_ = np.array(["x", "z"], dtype=object)
    check(tied, pd.concat([middle, middle + 1, middle * 0]))


def check(pipeline: Any, X: Any, extras: Extras = NO_EXTRAS) -> tuple[float, float]:
    """Return a plan's largest difference, and how many times faster one row is."""
    contract = observe_table(X)
    reference = FittedPipeline(pipeline, extras)
    columns = read_columns(X, range(len(X)))
    sample = read_columns(X, range(min(64, len(X))))
    plan = compile_plan(pipeline, contract, sample, extras)
    plan.uses_single_path = True  # also where it is no faster
    difference = check_agreement(reference, plan.predict, contract, columns)
    assert plan.reason == ""
    assert difference <= SAME_ANSWER
    one = [values[:1] for values in columns]
    by_sklearn = measure(lambda: reference.predict(build_table(contract, one)))
    return difference, by_sklearn / measure(lambda: plan.predict(one))


def measure(call: Callable[[], object]) -> float:
    """Return the seconds of a call: printed beside the difference, never judged."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return median(seconds)
