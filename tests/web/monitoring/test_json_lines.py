"""A line of JSON, whatever is to be said."""

import json
import logging
from typing import Any

import pytest
from service_log import Log

DEEP: Any = json.loads("[" * 300 + "]" * 300)


@pytest.mark.parametrize(
    "value",
    [
        *(float("nan"), float("inf"), 2**63, 2**64, -(2**64), 10**5000, 1e308),
        *("\x00\x1b[2J\r\n", "\ud800", b"\xff", {1: {2: float("nan")}}),
        *({"\udcff": 1}, object(), [2**70, {(1, 2): 3}], DEEP),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_record_is_one_line_of_json_whatever_it_holds(value: Any, log: Log) -> None:
    logging.getLogger("service").warning("odd", extra={"value": value})
    [text, nothing] = log.text.split("\n")
    assert not nothing
    line = json.loads(text, parse_constant=pytest.fail)
    assert line["level"] == "WARNING"
    assert line["event"] == "odd"
    assert "value" in line
