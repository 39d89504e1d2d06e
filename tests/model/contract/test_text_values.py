"""A text is read as JSON would read it, or left for the contract to refuse."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.contract.text_values import Text, read_texts

NUMBERS = ("0", "-0", "-0.0", "1e3", "1E-7", "9007199254740993", "18446744073709551616")
NO_NUMBERS = (
    *("", " 1", "1 ", "1_000", "nan", "NaN", "inf", "0x1F", "007", "+1", "1.", ".5"),
    *("1,2", "null", "true", "1e400", "٣", "--1", "[1]", '"1"', "e", "-", "1\n"),
)


@pytest.mark.parametrize("type_", ["number", "integer"])
@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_read_as_json_reads_it(type_: str, text: str) -> None:
    [found] = read_texts(type_, [text])  # type: ignore[arg-type]
    wanted = json.loads(text)
    assert repr(float(found)) == repr(float(wanted)) or text == "-0"
    if abs(wanted) < 2**63:
        assert found == wanted
        assert type(found) is type(wanted)


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_json_has_no_number_for_stays_a_text(text: str) -> None:
    assert read_texts("number", [text]) == [text]
    assert read_texts("integer", ["1", text, None, "2"]) == [1, text, None, 2]


def test_booleans_are_those_of_json_and_of_pandas() -> None:
    texts = ["true", "True", "false", "False", None, "TRUE", "1", ""]
    assert read_texts("boolean", texts) == [
        *(True, True, False, False, None),
        *("TRUE", "1", ""),
    ]


@given(st.lists(st.none() | st.sampled_from(NUMBERS) | st.sampled_from(NO_NUMBERS)))
def test_a_column_is_read_as_its_values_are_one_by_one(texts: list[Text]) -> None:
    found = read_texts("number", texts)
    assert repr(found) == repr([read_texts("number", [text])[0] for text in texts])


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_floats_are_exact(values: list[float]) -> None:
    found = read_texts("number", [repr(value) for value in values])
    assert [*map(repr, found)] == [*map(repr, values)]
