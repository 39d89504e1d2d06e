"""Sentences that say what is wrong, each with its kind, however it is worded.

marshmallow passes messages on and drops the exceptions that brought them, so the kind,
which is a label of a metric, travels in the message.
"""

from typing import Any, Literal

Kind = Literal[
    "missing",
    "unknown",
    "null",
    "empty",
    "text",
    "length",
    "type",
    "range",
    "category",
]


class Violation(str):
    """The sentence of an error message, and the kind of violation it tells of."""

    __slots__ = ("kind",)
    kind: Kind

    def __new__(cls, kind: Kind, sentence: str) -> "Violation":
        """Return the sentence."""
        violation = super().__new__(cls, sentence)
        violation.kind = kind
        return violation

    def format(self, *args: Any, **kwargs: Any) -> "Violation":
        """Return the sentence with its placeholders filled in, as marshmallow does."""
        return Violation(self.kind, super().format(*args, **kwargs))
