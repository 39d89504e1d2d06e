"""Files in JSON Lines, and the tensors of a training table as their rows."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines import TENSORS
from tensor_forms import code


def write_lines(path: Path, rows: Iterable[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def list_tensor_rows() -> list[dict[str, Any]]:
    """Return the rows of the model `tensors`, every other one in base64."""
    X = TENSORS["tensors"]().X
    return [
        {
            name: code(array[index]) if index % 2 else array[index].tolist()
            for name, array in X.items()
        }
        for index in range(len(X["image"]))
    ]
