"""The scorer: the answers of a request, to the last bit, for tables of any kind."""

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from applications import KEY, tile_applications
from arrow_streams import write_arrow
from conftest import Package
from faults import copy_credit, reseal
from flask.testing import FlaskClient
from pipelines import CREDIT, FITTED, ROOT, TENSORS
from sklearn.neighbors import RadiusNeighborsRegressor
from tensor_forms import DTYPES, list_fixed

from service.batch import scorer
from service.batch.scoring import InvalidRowError
from service.model import package
from service.model.contract.arrow_stream import ARROW
from service.model.errors import ArtefactDigestError, DataFileError

ROWS = 5000


@pytest.fixture(scope="module")
def table() -> Any:
    return tile_applications(ROWS, {17: {"Age": 100}, 18: {"Home": "castle"}})


def test_answers_are_those_of_a_request_to_the_last_bit(
    table: Any, client: FlaskClient
) -> None:
    features = table.drop_columns([KEY])
    served = client.post(
        "/v1/predict",
        data=write_arrow(features),
        headers={"Content-Type": ARROW, "Accept": ARROW},
    )
    wanted = pa.ipc.open_stream(served.data).read_all()
    answers = scorer(CREDIT)(features)
    assert answers.drop_columns(["warnings"]).equals(
        wanted.replace_schema_metadata(None)
    )
    told = json.loads(wanted.schema.metadata[b"warnings"])
    found = answers["warnings"].to_pylist()
    assert sum(text is not None for text in found) == len(told) == 3
    for remark in told:
        place, _, row = remark["path"].removesuffix("]").partition("[")
        name = place.removeprefix("columns.")
        assert found[int(row)] == f"{name} {remark['message']}"


ODD_TYPES = {
    "views": {"Home": pa.string_view(), "Job": pa.string_view(), KEY: pa.string_view()},
    "coded views": {"Home": pa.dictionary(pa.int32(), pa.string_view())},
    "decimals": {"Age": pa.decimal128(38, 0), "Income": pa.decimal128(25, 3)},
    "large decimals": {"Price": pa.decimal256(60, 2), KEY: pa.large_string()},
}


def change_types(table: Any, types: dict[str, Any]) -> Any:
    for name, type_ in types.items():
        place = table.column_names.index(name)
        column = table[name]
        if pa.types.is_dictionary(type_):
            codes = column.combine_chunks().dictionary_encode()
            held = codes.dictionary.cast(type_.value_type)
            column = pa.DictionaryArray.from_arrays(codes.indices, held)
        else:
            column = column.cast(type_)
        table = table.set_column(place, name, column)
    return table


@pytest.mark.parametrize("kind", ODD_TYPES)
def test_the_same_values_of_other_types_have_the_same_answers(
    kind: str, table: Any
) -> None:
    score = scorer(CREDIT, keep=[KEY])
    found = score(change_types(table, ODD_TYPES[kind]))
    wanted = score(table)
    assert found.schema.names == wanted.schema.names
    assert found.to_pylist() == wanted.to_pylist()
    assert found.schema == score.describe(change_types(table, ODD_TYPES[kind]).schema)


def test_tensors_are_scored_and_rejected_by_row(packaged: Package) -> None:
    folder = packaged("tensors")
    sample = json.loads((folder / "sample.json").read_text())["instances"][:20]
    images = np.array([row["image"] for row in sample], np.float32)
    images[3, 2, 5] = 9
    columns = {
        "image": list_fixed(images),
        "extra": list_fixed(np.array([row["extra"] for row in sample], np.int16)),
    }
    table = pa.table(columns)
    answers = scorer(folder, on_invalid="reject")(table)
    assert answers["rejected"].to_pylist() == [
        "image[2][5] must be between 0 and 1.5" if row == 3 else None
        for row in range(20)
    ]
    fitted = TENSORS["tensors"]().pipeline
    kept = [row for row in range(20) if row != 3]
    tensors = {
        name: np.array([sample[row][name] for row in kept], dtype)
        for name, dtype in DTYPES.items()
    }
    labels = fitted.predict(tensors).astype(str).tolist()
    assert [answers["label"][row].as_py() for row in kept] == labels
    for odd in (pa.array(["a"] * 20), list_fixed(images.astype(np.float64))):
        with pytest.raises(DataFileError, match="column image must be lists of fixed"):
            scorer(folder)(table.set_column(0, "image", odd))


def test_a_frame_and_a_record_batch_come_back_as_what_they_were(table: Any) -> None:
    score = scorer(CREDIT, keep=[KEY])
    wanted = score(table)
    assert wanted[KEY].equals(table[KEY])
    [batch] = table.combine_chunks().to_batches()
    assert pa.Table.from_batches([score(batch)]).equals(wanted)
    frame = table.to_pandas().set_index(np.arange(ROWS)[::-1])
    answers = score(frame)
    assert answers.index.equals(frame.index)
    for name in wanted.column_names:
        assert pa.array(answers[name]).to_pylist() == wanted[name].to_pylist(), name


@pytest.mark.parametrize("name", ["diabetes", "wine", "outputs", "mixed", "array"])
def test_every_kind_of_answer_has_one_schema(name: str, packaged: Package) -> None:
    """Of many rows, of one and of none."""
    score = scorer(packaged(name))
    X = FITTED[name]().X
    frame = pd.DataFrame(X) if not isinstance(X, pd.DataFrame) else X
    features = score.load().predictor.manifest.contract.features
    frame = frame.set_axis([feature.name for feature in features], axis=1)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    many, one = score(table), score(table[:1])
    schema = score.describe(table.schema)
    assert many.schema == one.schema == score(table[:0]).schema == schema
    assert len(many) == len(X)
    assert many[:1].equals(one)


def test_an_invalid_row_stops_all_and_is_named() -> None:
    table = tile_applications(1000, {998: {"Age": 17}, 7: {"Amount": None, "Age": 1}})
    with pytest.raises(InvalidRowError, match=r"Row 7: Age must be .* 18") as caught:
        scorer(CREDIT, keep=[KEY])(table)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_rejected_row_stays_a_row() -> None:
    table = tile_applications(1000, {998: {"Age": 17}, 7: {"Age": 17, "Time": -1}})
    score = scorer(CREDIT, keep=[KEY], on_invalid="reject")
    answers = score(table)
    assert answers.schema == score.describe(table.schema)
    assert answers[KEY].equals(table[KEY])
    assert [i for i, each in enumerate(answers["label"].to_pylist()) if not each] == [
        7,
        998,
    ]
    told = answers["rejected"].to_pylist()
    assert told[998].startswith("Age must be")
    valid = tile_applications(1000).filter(
        pa.array([row not in (7, 998) for row in range(1000)])
    )
    wanted = scorer(CREDIT, keep=[KEY])(valid)
    rest = answers.filter(answers["rejected"].is_null())
    assert rest.drop_columns(["rejected"]).equals(wanted)


def test_all_rows_may_be_rejected() -> None:
    table = tile_applications(3, {row: {"Age": 17} for row in range(3)})
    answers = scorer(CREDIT, keep=[KEY], on_invalid="reject")(table)
    assert answers["label"].null_count == 3
    assert answers["rejected"].null_count == 0


@pytest.mark.filterwarnings("ignore:One or more samples")
def test_rows_that_the_model_has_no_answer_for_are_rejected(tmp_path: Path) -> None:
    X = pd.DataFrame({"x": [0.0, 0.5, 4.0, 4.5], "z": [4.0, 4.5, 0.5, 0.0]})
    fitted = RadiusNeighborsRegressor(1.0).fit(X, [0.0, 0.0, 1.0, 1.0])
    folder = package(fitted, X, name="radius", version="1.0.0", to=tmp_path)
    frame = pd.concat([X] * 100, ignore_index=True)
    frame.loc[[3, 200, 399]] = [4.125, 4.125]
    answers = scorer(folder, on_invalid="reject")(frame)
    assert answers.index[answers["rejected"].notna()].tolist() == [3, 200, 399]
    assert "the model has no answer for it" in answers["rejected"][3]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.drop_columns(["Age", KEY]), "lacks the columns Age, id."),
        (
            lambda t: t.append_column("more", t["Age"]),
            "no features of the model",
        ),
        (lambda t: t.append_column("Age", t["Age"]), "two columns of one name"),
        (lambda t: t.set_column(4, "Age", t["Home"]), "has string in the column Age"),
        (
            lambda t: t.set_column(4, "Age", pa.array([[30]] * len(t))),
            "has list<item: int64> in the column Age",
        ),
    ],
)
def test_a_table_of_other_columns_is_refused(
    change: Any, sentence: str, table: Any
) -> None:
    with pytest.raises(DataFileError) as caught:
        scorer(CREDIT, keep=[KEY])(change(table))
    assert sentence in str(caught.value)


def test_unknown_columns_are_ignored_where_asked(table: Any) -> None:
    wider = table.append_column("more", table[KEY])
    answers = scorer(CREDIT, ignore_unknown=True)(wider)
    assert answers.equals(scorer(CREDIT)(table.drop_columns([KEY])))


def test_what_is_kept_may_have_no_name_of_an_answer(table: Any) -> None:
    with pytest.raises(DataFileError, match="The column label cannot be kept"):
        scorer(CREDIT, keep=["label"])(table.rename_columns({KEY: "label"}))


def test_another_process_gives_the_same_answers(tmp_path: Path) -> None:
    score = scorer(CREDIT, keep=[KEY])
    content = tmp_path / "scorer.pickle"
    content.write_bytes(pickle.dumps(score))
    assert content.stat().st_size < 10_000  # no model is in it
    code = (
        "import pickle, sys; from applications import tile_applications as tile;"
        f"score = pickle.load(open({str(content)!r}, 'rb'));"
        "print(*score(tile(2))['probabilities.bad'].to_pylist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": "tests/support:artefacts/credit-risk:."},
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = score(tile_applications(2))["probabilities.bad"].to_pylist()
    assert [*map(float, done.stdout.split())] == wanted


def test_a_machine_that_has_another_version_refuses(tmp_path: Path) -> None:
    folder = copy_credit(tmp_path)
    score = scorer(folder)
    reseal(folder, lambda manifest: manifest.update(created="2026-01-01T00:00:00Z"))
    with pytest.raises(ArtefactDigestError, match="another version"):
        score.load()
