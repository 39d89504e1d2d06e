"""The output, joined of pieces in their order."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from service.batch.output_file import (
    ROWS_OF_GROUP,
    TABLES_OF_GROUP,
    ParquetOutput,
    RejectedOutput,
)
from service.batch.worker import write_tables

KEYS = pa.schema([("key", pa.int64())])


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [
        ([1] * 40, [40]),
        ([1] * (TABLES_OF_GROUP + 1), [TABLES_OF_GROUP, 1]),
        ([ROWS_OF_GROUP, 1, 0, ROWS_OF_GROUP], [ROWS_OF_GROUP, ROWS_OF_GROUP + 1]),
        ([0, 0], []),
    ],
)
def test_small_pieces_share_a_row_group(
    sizes: list[int], groups: list[int], tmp_path: Path
) -> None:
    output = ParquetOutput(tmp_path / "out.parquet", KEYS)
    start = 0
    for size in sizes:
        table = pa.table({"key": pa.array(range(start, start + size), pa.int64())})
        write_tables(tmp_path / "piece", "", iter([table]))
        output.append(tmp_path / "piece")
        (tmp_path / "piece").unlink()
        start += size
    output.close()
    found = pq.ParquetFile(tmp_path / "out.parquet")
    metadata = found.metadata
    rows = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert rows == groups
    assert found.read()["key"].to_pylist() == [*range(start)]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_so_do_rejected_rows(suffix: str, tmp_path: Path) -> None:
    output = RejectedOutput(tmp_path / f"rejected{suffix}", KEYS)
    for row in range(9):
        table = pa.table({"key": [row], "row": [row], "reason": ["no number"]})
        write_tables(tmp_path / "piece", "", iter([table]))
        output.append(tmp_path / "piece", "in.parquet")
    assert output.close()
    if suffix == ".parquet":
        assert pq.read_metadata(output.path).num_row_groups == 1
        assert pq.read_table(output.path)["row"].to_pylist() == [*range(9)]
    else:
        lines = output.path.read_text().splitlines()
        assert lines[3] == '2,"in.parquet",2,"no number"'
