"""Texts are read as the codes that a file has, and keys written without codes."""

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet as pq

from service.batch.output_file import open_parquet
from service.batch.parquet_source import ParquetSource

TABLE = pa.table(
    {
        "key": [f"{row:05}" for row in range(1000)],
        "kind": [("a", "b", None, "")[row % 4] for row in range(1000)],
        "number": range(1000),
        "list": [["a"]] * 1000,
    }
)


def test_texts_are_read_as_codes_where_there_are_any(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(TABLE, path, row_group_size=300)
    source = ParquetSource(path, ["kind", "number", "list", "other"])
    [part] = source.iterate_parts()
    found = pa.concat_tables(source.read(part, ["key", "kind", "number"]))
    assert pa.types.is_dictionary(found.schema.field("kind").type)
    assert pa.types.is_string(found.schema.field("key").type)
    assert found.to_pydict() == TABLE.drop_columns("list").to_pydict()


def test_only_texts_that_repeat_are_written_as_codes(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    table = TABLE.select(["key", "kind", "number"])
    with open_parquet(path, table.schema, table) as writer:
        writer.write_table(table)
    columns = map(pq.read_metadata(path).row_group(0).column, range(3))
    coded = [column.has_dictionary_page for column in columns]
    assert coded == [False, True, False]
    assert pq.read_table(path) == table
