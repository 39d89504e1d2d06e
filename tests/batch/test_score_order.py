"""Shards: each piece is of one of them, and in order they are the whole."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from applications import KEY, tile_applications
from pipelines import CREDIT
from pyarrow import csv, feather, ipc
from pyarrow import parquet as pq

from service.batch.csv_rows import count_rows
from service.batch.csv_source import CsvSource
from service.batch.piece import BYTES_OF_PIECE, ROWS_OF_PIECE
from service.batch.score_order import CheckedOrder, Order
from service.batch.work_folder import WorkFolder
from service.batch.worker import Job, Worker
from service.model.artefact.folder import read_manifest
from service.model.errors import DataFileError

ROWS = ROWS_OF_PIECE + 1


def check(folder: Path, shard: tuple[int, int] = (0, 1)) -> CheckedOrder:
    out = folder.parent / "out.parquet"
    return CheckedOrder(Order(CREDIT, [str(folder)], out, ["id"], shard=shard))


def test_shards_share_all_pieces_among_them(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    table = tile_applications(ROWS)
    pq.write_table(table, folder / "few-groups.parquet")
    pq.write_table(table, folder / "many-groups.parquet", row_group_size=5000)
    feather.write_feather(table, folder / "c.arrow", compression="uncompressed")
    csv.write_csv(table, folder / "d.csv")
    whole = [*check(folder).iterate_pieces()]
    assert sum(piece.part.rows for piece in whole) == 4 * ROWS
    assert {piece.file for piece in whole} == {0, 1, 2, 3}
    for count in (2, 5):
        shards = [
            [*check(folder, (number, count)).iterate_pieces()]
            for number in range(count)
        ]
        assert [piece for shard in shards for piece in shard] == whole
    assert check(folder, (3, 5)).out.name == "out-00003-of-00005.parquet"


@pytest.mark.parametrize(
    ("values", "out", "sentence"),
    [
        (pa.array([{"a": 1}] * 9), "out.csv", "holds no struct<a: int64> here"),
        (pa.array([[1]] * 9), "out.csv", "holds no list<item: int64> here"),
        (
            pa.array([(1, 2, 3)] * 9, pa.month_day_nano_interval()),
            "out.parquet",
            ".parquet holds no month_day_nano_interval here",
        ),
    ],
)
def test_a_column_that_an_output_does_not_hold_is_not_kept(
    values: Any, out: str, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "in.arrow"
    table = tile_applications(9).append_column("more", values)
    with ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(DataFileError, match=f"more cannot be kept: .*{sentence}"):
        CheckedOrder(Order(CREDIT, [str(path)], tmp_path / out, [KEY, "more"]))


def test_a_column_is_kept_once(tmp_path: Path) -> None:
    pq.write_table(tile_applications(9), tmp_path / "in.parquet")
    inputs = [str(tmp_path / "in.parquet")]
    found = CheckedOrder(Order(CREDIT, inputs, tmp_path / "o.csv", [KEY, KEY]))
    assert found.schema.names.count(KEY) == 1


def test_bytes_that_are_no_text_are_not_kept_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    table = tile_applications(9).append_column("more", pa.array([b"\xff"] * 9))
    pq.write_table(table, path)
    out = tmp_path / "out.csv"
    checked = CheckedOrder(
        Order(CREDIT, [str(path)], out, ["more"], ignore_unknown=True)
    )
    folder = WorkFolder(out)
    folder.path.mkdir()
    worker = Worker(Job(checked.scorer, checked.paths, folder, out.suffix))
    [piece] = checked.iterate_pieces()
    with pytest.raises(DataFileError, match="bytes in a kept column that are no text"):
        worker.score(piece)


def test_a_column_of_tensors_is_kept(tmp_path: Path) -> None:
    tensors = pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((9, 2)))
    table = tile_applications(9).append_column("more", tensors)
    pq.write_table(table, tmp_path / "in.parquet")
    inputs = [str(tmp_path / "in.parquet")]
    found = CheckedOrder(Order(CREDIT, inputs, tmp_path / "o.parquet", [KEY, "more"]))
    assert found.schema.field("more").type == tensors.type


def test_a_piece_of_csv_ends_where_a_row_does(tmp_path: Path) -> None:
    """A line break within quotes ends none, wherever a piece would end."""
    path = tmp_path / "in.csv"
    note = b'"' + b'a ""line""\nand another,\r\n' * 40 + b'"'
    row = b"1," + note + b"\r\n"
    count = BYTES_OF_PIECE * 5 // 2 // len(row)
    path.write_bytes(b"Age,Note\n" + (count * row).removesuffix(b"\r\n"))
    source = CsvSource(path, read_manifest(CREDIT).contract)
    parts = [*source.iterate_parts()]
    assert len(parts) == 3
    assert [part.row for part in parts] == [
        sum(other.rows for other in parts[:index]) for index in range(3)
    ]
    assert sum(part.rows for part in parts) == count
    for part in parts:
        found = sum(len(table) for table in source.read(part, ["Age", "Note"]))
        assert found == part.rows


def read_all(path: Path) -> None:
    source = CsvSource(path, read_manifest(CREDIT).contract)
    for part in source.iterate_parts():
        [*source.read(part, source.schema.names)]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (b'1,"open\n2,x\n', "a quote is not closed"),
        (b'1,a "quoted" word\n', "a quote in a field is not doubled"),
        (b"1,2,3\n", "expected 2 columns, got 3"),
        (b"1,\xff\n", "not in UTF-8"),
        (b"1,\0\n", "it holds a NUL"),
        (b"1,2\n\n", "a line is empty"),
        (b'1,"\n\n"\r\n\r\n2,3\n', "a line is empty"),
        (b"1,2\r3,4\n", "a line ends in CR alone"),
    ],
)
def test_what_is_no_csv_is_refused_without_a_value(
    rows: bytes, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"Age,Note\n" + rows)
    with pytest.raises(DataFileError, match=sentence) as caught:
        read_all(path)
    assert "word" not in str(caught.value)


def test_an_empty_line_is_a_null_of_a_single_column_and_part_of_a_text(
    tmp_path: Path,
) -> None:
    path = tmp_path / "in.csv"
    for content, wanted in (
        (b"Age\n1\n\n2\n", [{"Age": "1"}, {"Age": None}, {"Age": "2"}]),
        (b'Age,"No\nte"\n1,"a\n\nb"\n', [{"Age": "1", "No\nte": "a\n\nb"}]),
    ):
        path.write_bytes(content)
        source = CsvSource(path, read_manifest(CREDIT).contract)
        [part] = source.iterate_parts()
        [table] = source.read(part, source.schema.names)
        assert table.to_pylist() == wanted


@pytest.mark.parametrize(
    ("rows", "count"),
    [(b"1,2\n", 1), (b"1,2", 1), (b'1,"\n"\n2,""\n', 2), (b"\n\n", 2)],
)
def test_rows_are_counted(rows: bytes, count: int) -> None:
    assert count_rows(rows) == count
