import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.contract.strict_json import (
    check_keys,
    decode,
    decode_nan,
    holds_more_containers,
)
from service.model.errors import MalformedJsonError

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


def read(body: bytes) -> Any:
    document = decode(body)
    check_keys(document, body)
    return document


@given(VALUES)
def test_a_document_is_read_as_it_was_written(value: Any) -> None:
    assert read(json.dumps(value).encode()) == value
    assert read(json.dumps(value, ensure_ascii=False).encode()) == value


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
        read(wrapper.replace("%s", doubled).encode())


def test_a_colon_within_a_string_hides_no_duplicate() -> None:
    assert read(b'{"instances": [{"a": "x:y"}]}') == {"instances": [{"a": "x:y"}]}
    with pytest.raises(MalformedJsonError, match="'a' occurs twice"):
        read(b'{"instances": [{"a": "x:y", "a": ":"}]}')


def test_a_duplicate_spelt_with_escapes_is_refused() -> None:
    with pytest.raises(MalformedJsonError, match="'a' occurs twice"):
        read(b'{"instances": [{"a": 1, "\\u0061": 2}]}')


@pytest.mark.parametrize(
    "body",
    [
        rb'{"instances": [{"a": 1, "a": "\u003a"}]}',
        rb'{"instances": [{"a": 1, "a": "\u003A"}]}',
        b'{"instances": [{"a": "x:y", "a": 1, "b": "x:y"}]}',
        b'{"instances": [{"a:b": 1, "a:b": 1}]}',
        b'{"instances": [{"a": ["x:y"], "b": 1, "b": 1}]}',
        b'{"x:y": ":", "n": 1, "n": ":"}',
        b'{"instances": [{"t": "2024-01-31T09:30:00", "t": "2024-01-31T09:30:00"}]}',
    ],
)
def test_no_colon_makes_up_for_a_key_that_was_dropped(body: bytes) -> None:
    with pytest.raises(MalformedJsonError, match="occurs twice"):
        read(body)


def test_colons_in_keys_and_strings_are_no_duplicates() -> None:
    row = {"at": "2024-01-31T09:30:00", "a:b": ":", "c": [":", {"d:": ":"}]}
    for document in ({"instances": [row, row]}, {"x:": "::", "instances": [row]}, row):
        assert read(json.dumps(document).encode()) == document
    escaped = rb'{"instances": [{"a": "\u003a\\u003a"}]}'
    assert read(escaped) == {"instances": [{"a": ":\\u003a"}]}


@pytest.mark.parametrize("depth", [900, 1023, 5000])
def test_a_deep_document_is_read_or_refused(depth: int) -> None:
    body = b'{"a": ' * depth + b"1" + b"}" * depth
    try:
        read(body)
    except MalformedJsonError as error:
        assert "dep" in str(error) or "deeply" in str(error)  # noqa: PT017


def count_containers(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + sum(map(count_containers, inner))


BRACKETS = st.text('[]{}"\\:,a')


@given(
    st.recursive(
        SCALARS | BRACKETS,
        lambda inner: st.lists(inner) | st.dictionaries(BRACKETS, inner),
        max_leaves=20,
    )
)
def test_objects_and_lists_are_counted_without_those_in_strings(value: Any) -> None:
    body = json.dumps(value).encode()
    found = count_containers(value)
    assert not holds_more_containers(body, found)
    assert found == 0 or holds_more_containers(body, found - 1)


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_named(token: str) -> None:
    body = b'{"instances": [{"x": 1.0},\n {"x": %s}]}' % token.encode()
    with pytest.raises(
        MalformedJsonError, match=f"it holds {token}, .* null .* line 2"
    ):
        decode(body)


WITH_NAN = st.recursive(
    SCALARS | st.just(float("nan")) | st.sampled_from(["NaN", '\\"NaN', "\\"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("NaN"), inner),
    max_leaves=20,
)


def name_nulls(value: Any) -> Any:
    """Return a document with None for each NaN."""
    if isinstance(value, list):
        return [name_nulls(each) for each in value]
    if isinstance(value, dict):
        return {key: name_nulls(each) for key, each in value.items()}
    return None if value != value else value  # noqa: PLR0124


@given(WITH_NAN)
def test_a_nan_is_a_null_wherever_it_is_no_text(value: Any) -> None:
    for is_ascii in (True, False):
        body = json.dumps(value, ensure_ascii=is_ascii).encode()
        assert decode_nan(body) == name_nulls(value)


@pytest.mark.parametrize(
    "body",
    [
        *(b"-NaN", b"[NaNaN]", b"[NaN NaN]", b"[1NaN]", b"[nullNaN]", b"{NaN: 1}"),
        *(b"[Infinity, NaN]", b'["NaN, NaN]', b"[\\NaN]", b'[NaN, "\\ud800"]', b"[NaN"),
    ],
)
def test_what_is_no_json_beside_a_nan_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedJsonError):
        decode_nan(body)
