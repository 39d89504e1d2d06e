"""Features of each type, and values that keep or break their contract."""

from typing import Any

from hypothesis import strategies as st

from service.model.contract.features import Feature, Storage
from service.model.contract.request_limits import RequestLimits

# Near enough for a few values to lie beyond them.
NARROW = RequestLimits(max_instances=1000, max_string_length=3, max_errors=100)


def make(kind: Any, dtype: str, **rules: Any) -> Feature:
    """Return a feature called f."""
    return Feature(name="f", type=kind, storage=Storage(dtype=dtype), **rules)


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.integers(-200, 200)
    # From there on a double stands for several integers, which no JSON Schema can say.
    | st.floats(-(2.0**53), 2.0**53, exclude_min=True, exclude_max=True)
    | st.sampled_from(["a", "b", "", "2024-01-31", "2024-01-31T09:30:00"])
    | st.sampled_from(["2024-01-31T00:00:00", "2024-01-31T09:30:00Z"])
    | st.sampled_from(["abc", "abcd", "é\N{GRINNING FACE}\0", "\0\0\0\0", "long"])
    | st.lists(st.integers(), max_size=2)
)
FEATURES = [
    make("number", "float64", nullable=True, minimum=-100),
    make("number", "float64", categories=(1.0, 2.5)),
    make("number", "float64", categories=(1.0, 2.5), maximum=2),
    make("integer", "int8"),
    make("integer", "Int64", nullable=True, maximum=100),
    make("boolean", "bool"),
    make("string", "str", categories=("a", "b"), nullable=True),
    make("string", "str", categories=("a", "long")),
    make("string", "object"),
    make("string", "U"),
    make("date-time", "datetime64[us]"),
    make("date", "datetime64[us]"),
    make("date", "date", nullable=True),
    make("date-time", "datetime64[us, UTC]", nullable=True),
]
