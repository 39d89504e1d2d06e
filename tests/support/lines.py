"""The form of the log's lines."""

import json
from collections.abc import Iterable

# What any line has, and what that of a request has, too.
FIELDS = {"time", "level", "event"}
REQUEST_FIELDS = FIELDS | {
    *("request_id", "method", "route", "status", "duration_ms"),
    *("client", "instances", "model", "version"),
}


def check_lines(lines: Iterable[str]) -> None:
    """Hold each line against its form."""
    for line in lines:
        fields = json.loads(line)
        wanted = REQUEST_FIELDS if fields["event"] == "request" else FIELDS
        assert wanted <= fields.keys(), line
