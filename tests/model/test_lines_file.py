"""A file in JSON Lines is read in pieces, each line as a request would hold it."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from line_files import write_lines
from pipelines import CREDIT, ROOT

from service.model.artefact.folder import read_artefact
from service.model.contract.features import Contract, Feature, Storage
from service.model.errors import DataFileError
from service.model.lines_file import PIECE_BYTES, iterate_lines
from service.model.rows_file import iterate_columns, iterate_rows

CREDIT_CONTRACT = read_artefact(CREDIT).manifest.contract
ANY = Contract(
    features=(Feature(name="x", type="object", storage=Storage(dtype="object")),),
    table="mapping",
)


def test_pieces_are_of_so_many_lines_or_bytes(tmp_path: Path) -> None:
    rows: list[Any] = [{"a": index} for index in range(5)]
    path = write_lines(tmp_path / "rows.jsonl", rows)
    assert [*iterate_lines(path, 2)] == [rows[:2], rows[2:4], rows[4:]]
    large = "x" * (PIECE_BYTES // 2)
    path = write_lines(path, [large, large, large, 1])
    assert [*map(len, iterate_lines(path, 1000))] == [2, 2]
    path.write_bytes(b'{"a": 0}\r\n{"a": 1}')
    assert [*iterate_lines(path, 2)] == [rows[:2]]
    path.write_bytes(b"")
    assert [*iterate_lines(path, 2)] == []


def test_rows_are_as_those_of_csv(tmp_path: Path) -> None:
    data = ROOT / "artefacts/credit-risk/data.csv"
    lines = tmp_path / "rows.jsonl"
    pl.read_csv(data).write_ndjson(lines)
    assert [*iterate_rows(lines, CREDIT_CONTRACT)] == [
        *iterate_rows(data, CREDIT_CONTRACT)
    ]
    names = ["Home", "Status"]
    assert [*iterate_columns(lines, names, names, names)] == [
        *iterate_columns(data, names, names, names)
    ]


def test_fields_that_are_no_features_are_ignored(tmp_path: Path) -> None:
    rows = [{"Age": 30, "Status": "good"}, {"Home": None}, [1, 2], None]
    path = write_lines(tmp_path / "rows.ndjson", rows)
    [found] = iterate_rows(path, CREDIT_CONTRACT)
    assert found == [{"Age": 30}, {"Home": None}, [1, 2], None]


def test_of_any_fields_the_target_alone_is_none(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "rows.jsonl", [{"a": 1, "truth": 2}])
    assert [*iterate_rows(path, ANY)] == [[{"a": 1, "truth": 2}]]
    assert [*iterate_rows(path, ANY, "truth")] == [[{"a": 1}]]
    (tmp_path / "rows.csv").write_text("a,truth\n1,2\n")
    with pytest.raises(DataFileError, match="takes any fields: write JSON Lines"):
        next(iterate_rows(tmp_path / "rows.csv", ANY))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", r"lines\[1001\] is not JSON"),
        (b"", r"lines\[1001\] is not JSON"),
        (b'{"a": NaN}', r"lines\[1001\] is not JSON: it holds NaN"),
        (b'{"a": 1, "a": 2}', "The key 'a' occurs twice"),
        (b'{"b": 1}', r"lines\[1001\] has no plain value of a"),
        (b'{"a": [1]}', r"lines\[1001\] has no plain value of a"),
        (b"[1]", r"lines\[1001\] has no plain value of a"),
    ],
)
def test_what_is_wrong_is_said_at_its_line(
    line: bytes, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(1001 * b'{"a": null}\n' + line + b"\n")
    with pytest.raises(DataFileError, match=f"rows.jsonl: {told}"):
        [*iterate_columns(path, ["a"], ["a"])]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="cannot be read"):
        next(iterate_rows(tmp_path / "rows.jsonl", CREDIT_CONTRACT))
