"""What SageMaker's callers send beside JSON: CSV without a header, and JSON Lines.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
"""

from flask import request

from service.model.contract.codec import Codec
from service.model.contract.csv_form import ROWS, CsvReader, place_in_csv
from service.model.contract.lines_form import LINES, read_lines
from service.web.dialects.rows import RowsReader, write_rows
from service.web.dialects.table_answers import choose_write
from service.web.media_types import CSV, refuse_tensors
from service.web.prediction_view import Reading
from service.web.request import Dialect


class SageMaker:
    """Requests of a row a line, and bare predictions."""

    name: Dialect = "sagemaker"

    def __init__(self, codec: Codec, offered: tuple[str, ...]) -> None:
        self._codec = codec
        self._offered = offered
        self._rows = RowsReader(codec)
        self._most = codec.limits.max_instances
        self._csv = CsvReader(codec.contract, self._most)

    def read(self, body: bytes) -> Reading:
        """Read a request. Raises what web.errors answers."""
        write = choose_write(write_rows, with_header=False, offered=self._offered)
        if request.mimetype != CSV:
            self._codec.check_containers(body)
            return self._rows.read(read_lines(body, self._most), LINES, write)
        if self._codec.contract.table == "tensors":
            raise refuse_tensors(CSV)
        columns = self._csv.read(body, needs_header=False)
        return Reading(self._codec.read_columns(columns, place_in_csv, ROWS), write)
