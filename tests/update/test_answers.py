"""What a version answers to a file, line by line, and what that costs."""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from line_files import write_lines
from proved_here import package_here
from tensor_models import SequenceMean

from service.update.answers import main

LENGTH = 3000


@pytest.fixture(scope="module")
def sequences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of long sequences of any length, of which no request holds a thousand."""
    values = np.random.default_rng(0).random((5, LENGTH, 1), np.float32)
    X = {"values": values, "mask": np.ones((5, LENGTH), bool)}
    shapes: Any = {"values": {"shape": ("n", 1)}, "mask": {"shape": ("n",)}}
    options: dict[str, Any] = {"code": ["tensor_models"], "features": shapes}
    to = tmp_path_factory.mktemp("sequences")
    model = SequenceMean().fit(X)
    return package_here(model, X, name="s", version="1.0.0", to=to, **options)


def test_sequences_of_several_lengths_are_each_answered(
    sequences: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No request holds two lengths, and a file does."""
    lengths = [3, 3, 1, 4, 4, 2, 3]
    rows: list[Any] = [
        {"values": [[0.5]] * length, "mask": [True] * length} for length in lengths
    ]
    rows[4]["mask"].pop()  # which is refused, and no other
    main([str(sequences), str(write_lines(tmp_path / "rows.jsonl", rows)), ""])
    answers, costs = map(orjson.loads, capsys.readouterr().out.splitlines())
    expected = [{"value": 1 + length / 2} for length in lengths]
    assert answers == [*expected[:4], None, *expected[5:]]
    assert costs.keys() == {"start_s", "rows_1_ms", "memory_mb"}
