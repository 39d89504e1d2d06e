"""What a service in process writes to its log."""

import io
import json
import logging
from typing import Any


def find_handler() -> logging.StreamHandler[Any]:
    """Return what writes the lines of the service that was built last."""
    [handler] = [h for h in logging.getLogger().handlers if h.name == "stdout"]
    assert isinstance(handler, logging.StreamHandler)
    return handler


class Log:
    """What the service wrote to its log since the test began."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]
