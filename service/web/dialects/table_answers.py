"""Predictions as a table, in CSV, JSON Lines or Arrow, where the caller accepts that.

Warnings are in answers of JSON, and in the metadata of those of Arrow.
"""

import csv
import io
from collections.abc import Sequence

import orjson
from flask import request

from service.model.contract.arrow_stream import ARROW, write_stream
from service.model.contract.flat_columns import flatten
from service.model.contract.instances import Instances, Predictions
from service.web.flask_app import Answer
from service.web.media_types import ANSWERS, CSV, JSON, choose_type
from service.web.prediction_view import Write
from service.web.request import RequestContext


def choose_write(
    write_json: Write, *, with_header: bool, offered: Sequence[str] = ANSWERS
) -> Write:
    """Return what writes an answer as the request of this thread accepts it.

    Raises NotAcceptable.
    """
    chosen = choose_type(request.environ, offered)
    if chosen == JSON:
        return write_json
    if chosen == ARROW:
        return write_arrow
    return lambda _, predictions, __: Answer(
        write_table(predictions, chosen, with_header=with_header), content_type=chosen
    )


def write_arrow(
    call: RequestContext, predictions: Predictions, instances: Instances
) -> Answer:
    """Write predictions as an Arrow stream, with what else there is to say of them."""
    told = {"request_id": call.request_id}
    if instances.warnings:
        told["warnings"] = orjson.dumps(instances.warnings).decode()
    stream = write_stream(flatten(predictions.to_arrays()), told)
    return Answer(stream, content_type=ARROW)


def write_table(predictions: Predictions, type_: str, *, with_header: bool) -> bytes:
    """Write predictions in CSV, a column for each part of one, or in JSON Lines."""
    if type_ == CSV:
        return _write_csv(predictions, with_header=with_header)
    option = orjson.OPT_APPEND_NEWLINE
    return b"".join(orjson.dumps(each, option=option) for each in predictions.to_json())


def _write_csv(predictions: Predictions, *, with_header: bool) -> bytes:
    columns = [*flatten(predictions.to_columns())]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    if with_header:
        writer.writerow([name for name, _ in columns])
    writer.writerows(zip(*(values for _, values in columns), strict=True))
    return file.getvalue().encode()
