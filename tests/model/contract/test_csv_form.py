"""CSV is split as Python's csv splits it, and what it cannot tell is told."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.contract.csv_form import CsvReader, iterate_rows, place_in_csv
from service.model.contract.features import Contract, Feature, Storage
from service.model.errors import MalformedCsvError, TooManyInstancesError

CONTRACT = Contract(
    features=(
        Feature(name="Age", type="integer", storage=Storage(dtype="int64")),
        Feature(name="Home", type="string", storage=Storage(dtype="object")),
    )
)
MAX_ROWS = 3
# Python 3.11 writes no quotes around a lone CR.
FIELDS = st.text(alphabet=st.sampled_from('a1 ,"\né'))


def read(body: bytes, *, needs_header: bool = True) -> dict[str, Any]:
    return CsvReader(CONTRACT, MAX_ROWS).read(body, needs_header=needs_header)


@given(
    st.lists(st.lists(FIELDS, min_size=2, max_size=2), min_size=1),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_rows_are_those_that_csv_wrote(
    rows: list[list[str]], end: str, quoting: Any
) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator=end, quoting=quoting).writerows(rows)
    text = file.getvalue()
    for written in (text, text.removesuffix(end)):
        found = [[field or "" for field in row] for row in iterate_rows(written, 2)]
        assert found == rows


@given(st.text(alphabet=st.sampled_from('ab,"\n\r')))
def test_what_is_taken_is_read_as_csv_reads_it(text: str) -> None:
    try:
        found = [*iterate_rows(text, 1000)]
    except MalformedCsvError:
        return
    wanted = [*csv.reader(io.StringIO(text, newline=""), strict=True)]
    # Of a line that is blank, csv makes no field, and of no text no line.
    told = [[field or "" for field in row] for row in found]
    assert told == ([row or [""] for row in wanted] or [[""]])


def test_an_empty_field_is_a_null_and_an_empty_string_is_quoted() -> None:
    assert read(b'Home,Age\n,1\n"",2\n"a",\n') == {
        "Home": [None, "", "a"],
        "Age": [1, 2, None],
    }
    assert read(b'Home,Age\nb,""\n') == {"Home": ["b"], "Age": [""]}


@pytest.mark.parametrize("body", [b"1,own\n2,rent", b"1,own\r\n2,rent\r\n"])
def test_without_a_header_columns_are_the_contracts(body: bytes) -> None:
    assert read(body, needs_header=False) == {"Age": [1, 2], "Home": ["own", "rent"]}
    with pytest.raises(MalformedCsvError, match="must hold the features' names"):
        read(body)


def test_a_header_is_known_by_all_names() -> None:
    body = b"Home,Age,More\nown,1,x\n"
    wanted = {"Home": ["own"], "Age": [1], "More": ["x"]}
    assert read(body, needs_header=False) == read(body) == wanted
    with pytest.raises(MalformedCsvError, match="all of them, as a header, or none"):
        read(b"1,Home\n", needs_header=False)
    assert read(b"Home\nown\n") == {"Home": ["own"]}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "is empty"),
        (b"Age,Home\n", "without a row"),
        (b"Age,Home,Age\n1,a,2\n", "a name twice"),
        (b"Age,Home\n1,a\n2\n", r"rows\[1\] has 1 fields, and must have 2"),
        (b"Age,Home\n1,a,b\n", r"rows\[0\] has 3 fields"),
        (b'Age,Home\n1,"a\n', "Record 2 is cut short"),
        (b'Age,Home\n1,"a"b\n', "Record 2"),
        (b'Age,Home\n1,a"b\n', "Record 2"),
        (b"Age,Home\r1,a\r", "LF or CRLF"),
        (b'Age,"Home"\r1,a\r', "Record 1"),
        (b"Age,Home\n1,a\0\n", "NUL"),
        (b"Age,Home\n1,\xff\n", "byte 11 is no UTF-8"),
        (b"\xef\xbb\xbfAge,Home\n1,a\n", "no byte order mark"),
        (b"Age,Home" + b"," * 2_000_000, "more than 102 fields"),
        (b'"Age",Home' + b"," * 2_000_000, "more than 102 fields"),
        (b'Age,Home\n1,"' + b"a" * 2**23, "Record 2"),
        (b'Age,Home\n1,"' + b"a" * 2**23 + b'"b', "Record 2"),
        (b"a" * 2**23 + b'"', "Record 1"),
        (b'""' * 2**22, "must hold the features' names"),
    ],
    ids=range(19),
)
def test_what_is_no_table_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(MalformedCsvError, match=told):
        read(body)


@pytest.mark.parametrize("row", [b"1,a\n", b'1,"a"\n'])
def test_more_rows_than_a_request_may_hold_are_refused(row: bytes) -> None:
    assert read(b"Age,Home\n" + row * MAX_ROWS)["Age"] == [1] * MAX_ROWS
    for body in (b"Age,Home\n" + row * (MAX_ROWS + 1), b"Age,Home" + b"\n" * 2**22):
        with pytest.raises((TooManyInstancesError, MalformedCsvError)):
            read(body)


def test_places_are_those_of_a_table() -> None:
    assert place_in_csv("Age", 3) == "rows[3].Age"
    assert place_in_csv("Age") == "header.Age"
