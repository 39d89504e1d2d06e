"""Credit applications in any number, as the tables of a nightly run have them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

import train

KEY = "id"


def tile_applications(rows: int, changes: Mapping[int, Mapping[str, Any]] = {}) -> Any:
    """Return so many applications by key, some of them with other values.

    They are those of the training data again and again, but for their incomes.
    """
    data, _ = train.read_data()
    times = -(-rows // len(data))
    frame = pd.concat([data] * times, ignore_index=True)[:rows]
    frame["Income"] += frame.index // len(data)
    frame.insert(0, KEY, [f"{row:09}" for row in range(rows)])
    for row, values in changes.items():
        for name, value in values.items():
            frame.loc[row, name] = value
    table = pa.Table.from_pandas(frame, preserve_index=False)
    fields = [
        field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))
