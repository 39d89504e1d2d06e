"""What a cell of the benchmarks sends is what its name says."""

import pytest

from benchmarks.load import Cell, part_instances


@pytest.mark.parametrize("size", [1, 256, 1000])
def test_a_request_has_as_many_instances_as_its_cell(size: int) -> None:
    rows = [{"row": number} for number in range(1000)]
    parts = part_instances(rows, Cell(size, 4))
    assert {len(part) for part in parts} == {size}
    assert len({str(part) for part in parts}) == len(parts) > 1
