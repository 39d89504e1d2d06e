"""Error messages that carry their kind, whatever their words.

marshmallow passes messages on and drops the exceptions that brought them, so the kind,
which is a label of a metric, travels in the message.
"""

from typing import Any, Literal

Kind = Literal[
    "missing", "unknown", "null", "empty", "text", "length", "type", "range", "category"
]


class Violation(str):
    """An error message, and the kind of violation that it describes.

    `place` is where it is within a tensor, such as `[2][5]`, and else empty.
    """

    __slots__ = ("kind", "place")
    kind: Kind
    place: str

    def __new__(cls, kind: Kind, sentence: str, place: str = "") -> "Violation":
        """Make a message of a kind."""
        violation = super().__new__(cls, sentence)
        violation.kind = kind
        violation.place = place
        return violation

    def format(self, *args: Any, **kwargs: Any) -> "Violation":
        """Return the message with its placeholders filled in, of the same kind."""
        return Violation(self.kind, super().format(*args, **kwargs), self.place)
