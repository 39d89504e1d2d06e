"""Arrow streams of tables, as their writers make them."""

from typing import Any

import pyarrow as pa


def write_arrow(table: Any, rows_of_batch: int = 1000, **options: Any) -> bytes:
    """Return a table as a stream of record batches."""
    sink = pa.BufferOutputStream()
    written = pa.ipc.IpcWriteOptions(**options)
    with pa.ipc.new_stream(sink, table.schema, options=written) as writer:
        writer.write_table(table, max_chunksize=rows_of_batch)
    return bytes(sink.getvalue())
