"""Training tables as people have them, from packaging to an answer."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import polars
import pytest
from proved_here import package_here
from scipy.sparse import csr_array
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from service.model.artefact.folder import read_artefact
from service.model.contract.codec import Codec
from service.model.contract.request_limits import UNBOUNDED
from service.model.errors import ContractError
from service.model.loading import load_predictor

ROWS = 40
NUMBERS = np.random.default_rng(0).normal(size=(ROWS, 3))
TARGET = NUMBERS.sum(axis=1)


def pack(pipeline: Any, X: Any, to: Path, **options: Any) -> Any:
    """Fit and package, and return what answers instances by name."""
    folder = package_here(
        pipeline.fit(X, TARGET), X, TARGET, name="m", version="1.0.0", to=to, **options
    )
    predictor = load_predictor(read_artefact(folder))
    codec = Codec(predictor.manifest.contract, UNBOUNDED)

    def ask(*instances: dict[str, Any]) -> list[float]:
        body = orjson.dumps({"instances": instances})
        answers = predictor.predict(codec.load(body)).to_json()
        return [answer["value"] for answer in answers]

    return ask


def test_columns_named_by_integers_are_served_as_their_text_or_by_names(
    tmp_path: Path,
) -> None:
    frame = pd.DataFrame(NUMBERS)

    def swap(X: pd.DataFrame) -> pd.DataFrame:
        return X[[2, 0]] * 2

    pipeline = make_pipeline(FunctionTransformer(swap), LinearRegression())
    expected = pytest.approx(pipeline.fit(frame, TARGET).predict(frame[:2]), abs=1e-12)
    for names in (["0", "1", "2"], ["a", "b", "c"]):
        options = {} if names[0] == "0" else {"names": names}
        ask = pack(pipeline, frame, tmp_path / names[0], **options)
        rows = [dict(zip(names, row, strict=True)) for row in NUMBERS[:2].tolist()]
        assert ask(*rows) == expected
    named = frame.set_axis(["a", "b", "c"], axis=1)
    with pytest.raises(ContractError, match="names= is for a table"):
        pack(LinearRegression(), named, tmp_path, names=["d", "e", "f"])


def test_whole_days_are_asked_for_as_dates(tmp_path: Path) -> None:
    days = [date(2024, 1, 1) + timedelta(days=index) for index in range(ROWS)]
    objects = pd.DataFrame({"x": NUMBERS[:, 0], "day": days})
    objects.loc[3, "day"] = None

    def read_objects(X: pd.DataFrame) -> np.ndarray:
        day = [0 if d is None else d.toordinal() - 738_000 for d in X["day"]]
        return np.column_stack([X["x"], day])

    def read_moments(X: pd.DataFrame) -> np.ndarray:
        return np.column_stack([X["x"], X["day"].dt.day_of_week.fillna(0)])

    moments = objects.assign(day=pd.to_datetime(objects["day"]))
    rows = [{"x": 1.5, "day": "2024-05-01"}, {"x": 0.5, "day": None}]
    for read, table in ((read_objects, objects), (read_moments, moments)):
        pipeline = make_pipeline(FunctionTransformer(read), LinearRegression())
        ask = pack(pipeline, table, tmp_path / read.__name__)
        asked = pd.DataFrame({"x": [1.5, 0.5], "day": [date(2024, 5, 1), None]})
        asked["day"] = asked["day"].astype(table["day"].dtype)
        assert ask(*rows) == pytest.approx(pipeline.predict(asked), abs=1e-12)
        manifest = read_artefact(tmp_path / read.__name__ / "m/1.0.0").manifest
        feature = manifest.contract.features[1]
        assert (feature.type, feature.nullable) == ("date", True)
        assert feature.observed.maximum == "2024-02-09"


def build_table(kind: str) -> tuple[Any, Any, dict[str, Any]]:
    """Return a table as one has it, the same in pandas or numpy, and an instance."""
    values: dict[str, Any] = {
        "number": NUMBERS[:, 0].tolist(),
        "count": list(range(ROWS)),
        "home": ["rent", "own"] * (ROWS // 2),
    }
    asked = {"number": 0.5, "count": 3, "home": "own"}
    frame = pd.DataFrame(values)
    if kind == "decimals":
        decimals = [Decimal(str(value)) for value in values["number"]]
        return frame.assign(number=pd.Series(decimals)), frame, asked
    if kind == "polars":
        home = polars.Series("home", values["home"], dtype=polars.Categorical)
        return polars.DataFrame(values).with_columns(home), frame, asked
    if kind == "sparse":
        numbers = NUMBERS * (NUMBERS > 0)
        return csr_array(numbers), numbers, {"x0": 0.5, "x1": 0.0, "x2": 1.5}
    return NUMBERS.tolist(), NUMBERS, {"x0": 0.5, "x1": 0.0, "x2": 1.5}


@pytest.mark.parametrize("kind", ["decimals", "polars", "sparse", "lists"])
def test_a_table_of_another_kind_is_served(kind: str, tmp_path: Path) -> None:
    table, same, instance = build_table(kind)
    pipeline = make_pipeline(LinearRegression())
    if kind in ("decimals", "polars"):
        rest = StandardScaler().set_output(transform="default")
        encoder = OneHotEncoder(sparse_output=False)
        columns = make_column_transformer((encoder, ["home"]), remainder=rest)
        if kind == "polars":
            columns.set_output(transform="polars")
        pipeline = make_pipeline(columns, LinearRegression())
    ask = pack(pipeline, table, tmp_path, holdout=table)
    asked = np.array([list(instance.values())])
    if isinstance(same, pd.DataFrame):
        asked = pd.DataFrame([instance])
    assert ask(instance) == pytest.approx(pipeline.predict(asked), abs=1e-12)
    libraries = read_artefact(tmp_path / "m/1.0.0").manifest.libraries
    assert ("polars" in libraries) == (kind == "polars")


def test_a_table_that_is_answered_otherwise_as_pandas_is_refused(
    tmp_path: Path,
) -> None:
    table = polars.DataFrame({"x": NUMBERS[:, 0]})
    for read in (
        lambda X: X.with_columns(polars.col("x") * 2),
        lambda X: X if isinstance(X, polars.DataFrame) else 2 * X,
    ):
        pipeline = make_pipeline(FunctionTransformer(read), LinearRegression())
        with pytest.raises(ContractError, match=r"polars DataFrame.* fit .* on that"):
            pack(pipeline, table, tmp_path)
    with pytest.raises(ContractError, match=r"pass X\.collect"):
        package_here(pipeline, table.lazy(), name="m", version="1.0.0", to=tmp_path)


def test_a_table_with_the_target_in_it_is_told_apart(tmp_path: Path) -> None:
    frame = pd.DataFrame(NUMBERS, columns=["a", "b", "c"])
    columns = make_column_transformer(("passthrough", ["a", "b"]))
    for pipeline in (LinearRegression(), make_pipeline(columns, LinearRegression())):
        pipeline.fit(frame, TARGET)
        with pytest.raises(ContractError, match=r"'price', on which .* target as y"):
            package_here(
                pipeline,
                frame.assign(price=TARGET),
                name="m",
                version="1.0.0",
                to=tmp_path,
            )
    pipeline = LinearRegression().fit(NUMBERS[:, :2], TARGET)
    with pytest.raises(ContractError, match=r"3 columns, and the pipeline .* on 2"):
        package_here(pipeline, NUMBERS, name="m", version="1.0.0", to=tmp_path)
