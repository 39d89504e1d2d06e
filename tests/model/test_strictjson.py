import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.errors import MalformedJsonError
from service.model.strictjson import check_depth, decode

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_a_document_is_read_as_it_was_written(value: Any) -> None:
    assert decode(json.dumps(value).encode()) == value
    assert decode(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.dictionaries(st.text(), VALUES, min_size=1), VALUES, st.data())
def test_a_duplicate_key_is_refused_wherever_it_stands(
    row: dict[str, Any], value: Any, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(row)))
    doubled = json.dumps(row)[:-1] + f", {json.dumps(key)}: {json.dumps(value)}}}"
    wrapper = data.draw(
        st.sampled_from(["%s", '{"instances": [%s]}', '[{"a": {"b": [%s]}}]'])
    )
    with pytest.raises(MalformedJsonError, match="twice"):
        decode(wrapper.replace("%s", doubled).encode())


def test_a_colon_within_a_string_hides_no_duplicate() -> None:
    assert decode(b'{"instances": [{"a": "x:y"}]}') == {"instances": [{"a": "x:y"}]}
    with pytest.raises(MalformedJsonError, match="'a' occurs twice"):
        decode(b'{"instances": [{"a": "x:y", "a": ":"}]}')


def test_a_duplicate_spelt_with_escapes_is_refused() -> None:
    with pytest.raises(MalformedJsonError, match="'a' occurs twice"):
        decode(b'{"instances": [{"a": 1, "\\u0061": 2}]}')


@pytest.mark.parametrize("depth", [900, 1023, 5000])
def test_a_deep_document_is_read_or_refused(depth: int) -> None:
    body = b'{"a": ' * depth + b"1" + b"}" * depth
    try:
        decode(body)
    except MalformedJsonError as error:
        assert "dep" in str(error) or "deeply" in str(error)  # noqa: PT017


def measure_depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(measure_depth, inner), default=0)


@given(VALUES, st.integers(1, 6))
def test_a_document_is_refused_where_it_is_deeper_than_the_bound(
    value: Any, bound: int
) -> None:
    if measure_depth(value) <= bound:
        check_depth(value, bound)
    else:
        with pytest.raises(MalformedJsonError, match=f"deeper than the {bound} levels"):
            check_depth(value, bound)


def test_strings_and_neighbours_are_no_depth() -> None:
    check_depth(decode(b'{"instances": [{"a": "[[[["}, {"b": "{{"}, [], {}]}'), 3)
