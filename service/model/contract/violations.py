"""Error messages that carry their kind, whatever their words.

marshmallow passes messages on and drops the exceptions that brought them, so the kind,
which is a label of a metric, travels in the message.
"""

from typing import Any, Literal

Kind = Literal[
    "missing", "unknown", "null", "empty", "text", "length", "type", "range", "category"
]


class Violation(str):
    """An error message, and the kind of violation that it describes."""

    __slots__ = ("kind",)
    kind: Kind

    def __new__(cls, kind: Kind, sentence: str) -> "Violation":
        """Make a message of a kind."""
        violation = super().__new__(cls, sentence)
        violation.kind = kind
        return violation

    def format(self, *args: Any, **kwargs: Any) -> "Violation":
        """Return the message with its placeholders filled in, of the same kind."""
        return Violation(self.kind, super().format(*args, **kwargs))
