"""Each estimator of scikit-learn, alone on a table and behind its preparation."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sklearn.base import ClassifierMixin, OutlierMixin, RegressorMixin
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from sklearn.utils import all_estimators

from corpus import tables
from corpus.case import Case
from corpus.parameters import PARAMETERS, READ

# What has a transform or a predict, and is no pipeline that is served.
NOT_SERVED = {
    "LabelBinarizer": "transforms a target",
    "LabelEncoder": "transforms a target",
    "MultiLabelBinarizer": "transforms a target",
    "PatchExtractor": "takes images, which are tables of three dimensions",
}

# What is in other modules: it takes texts or dicts, or holds other estimators.
ELSEWHERE = {
    *("CountVectorizer", "DictVectorizer", "FeatureHasher", "HashingVectorizer"),
    *("TfidfTransformer", "TfidfVectorizer"),
    *("ColumnTransformer", "FeatureUnion", "FrozenEstimator", "Pipeline"),
    *("GridSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV"),
    "RandomizedSearchCV",
}

NON_NEGATIVE = {
    *("AdditiveChi2Sampler", "ComplementNB", "LatentDirichletAllocation"),
    *("MiniBatchNMF", "MultinomialNB", "NMF", "SkewedChi2Sampler"),
}
OF_NULLS = {"IterativeImputer", "KNNImputer", "MissingIndicator", "SimpleImputer"}
OF_CATEGORIES = {"OneHotEncoder", "OrdinalEncoder", "TargetEncoder"}

NUMBERS = make_column_selector(dtype_include="number")
CATEGORIES = make_column_selector(dtype_exclude="number")
SETS = (
    tables.read_iris,
    tables.read_wine,
    tables.read_cancer,
    tables.read_digits,
)

# Without these, all_estimators does not find what is experimental.
assert enable_halving_search_cv
assert enable_iterative_imputer


def prepare(scaler: Any = None, encoder: Any = None) -> Any:
    """Return the usual preparation of mixed columns: impute, scale, one-hot."""
    numbers = make_pipeline(
        SimpleImputer(strategy="median"), scaler or StandardScaler()
    )
    categories = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        encoder or OneHotEncoder(handle_unknown="ignore"),
    )
    return make_column_transformer((numbers, NUMBERS), (categories, CATEGORIES))


def list_estimators() -> Iterator[Case]:
    """Yield the cases of each estimator that predicts or transforms."""
    for name, kind in all_estimators():
        if name in NOT_SERVED or name in ELSEWHERE:
            continue
        make = partial(kind, **PARAMETERS.get(name, {}))
        family = kind.__module__.split(".")[1].lstrip("_")
        for form, surround, read in _list_forms(name, kind):
            yield Case(f"{name} {form}", family, partial(surround, make), read)


Form = tuple[str, Callable[[Callable[[], Any]], Any], Callable[[], tables.Data]]


def _list_forms(name: str, kind: type) -> Iterator[Form]:
    if issubclass(kind, ClassifierMixin):
        yield from _list_classifier(name)
    elif issubclass(kind, RegressorMixin):
        yield from _list_regressor(name)
    elif issubclass(kind, OutlierMixin) or hasattr(kind, "predict"):
        yield "on an array", make_alone, to_array(tables.read_wine)
        yield "behind a scaler", make_scaled, tables.read_cancer
    elif hasattr(kind, "transform"):
        yield from _list_transformer(name)


def _list_classifier(name: str) -> Iterator[Form]:
    read = READ.get(name, SETS[len(name) % len(SETS)])
    yield "on an array", make_alone, to_array(read)
    if read is tables.read_flags:
        yield "behind a scaler", make_scaled, read
    elif name == "CategoricalNB":
        yield "behind columns", make_coded, tables.read_credit
    else:
        scaler = MinMaxScaler(clip=True) if name in NON_NEGATIVE else None
        surround = partial(make_prepared, scaler=scaler)
        yield "behind columns", surround, tables.read_credit


def _list_regressor(name: str) -> Iterator[Form]:
    read = READ.get(name, tables.read_diabetes)
    yield "on a frame", make_alone, read
    if name != "IsotonicRegression":
        is_one = read is tables.read_diabetes
        behind = tables.read_amounts if is_one else tables.read_sums
        yield "behind columns", make_prepared, behind


def _list_transformer(name: str) -> Iterator[Form]:
    if name in OF_CATEGORIES:
        yield "alone on a frame", make_alone, tables.read_categories
        yield "before a classifier", make_encoded, tables.read_credit
    elif name in OF_NULLS:
        yield "alone on a frame", make_alone, tables.read_numbers
        yield "before a classifier", make_imputed, tables.read_numbers
    else:
        read = READ.get(name, tables.read_wine)
        yield "alone on an array", make_alone, to_array(read)
        if read is tables.read_wine:
            scaler = MinMaxScaler() if name in NON_NEGATIVE else StandardScaler()
            surround = partial(make_transformed, scaler)
            yield "before a classifier", surround, read


def to_array(read: Callable[[], tables.Data]) -> Callable[[], tables.Data]:
    """Return what reads the same without the names of columns."""
    return lambda: read().to_array()


def make_alone(make: Callable[[], Any]) -> Any:
    return make()


def make_scaled(make: Callable[[], Any]) -> Any:
    return make_pipeline(StandardScaler(), make())


def make_prepared(make: Callable[[], Any], scaler: Any = None) -> Any:
    return make_pipeline(prepare(scaler), make())


def make_coded(make: Callable[[], Any]) -> Any:
    coded = make_pipeline(SimpleImputer(strategy="most_frequent"), OrdinalEncoder())
    return make_pipeline(make_column_transformer((coded, CATEGORIES)), make())


def make_encoded(make: Callable[[], Any]) -> Any:
    return make_pipeline(prepare(encoder=make()), LogisticRegression(max_iter=500))


def make_imputed(make: Callable[[], Any]) -> Any:
    return make_pipeline(make(), StandardScaler(), LogisticRegression())


def make_transformed(scaler: Any, make: Callable[[], Any]) -> Any:
    return make_pipeline(scaler, make(), LogisticRegression(max_iter=500))
