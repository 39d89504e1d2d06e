import pytest

from service.model.contract.lines_form import read_lines
from service.model.errors import MalformedJsonError, TooManyInstancesError


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_each_line_is_an_instance(end: bytes) -> None:
    lines = [b'{"a": 1, "b": ":"}', b'{"a": 2, "b": null}', b"[1, 2]"]
    for body in (end.join(lines), end.join(lines) + end):
        assert read_lines(body, 3) == [
            {"a": 1, "b": ":"},
            {"a": 2, "b": None},
            [1, 2],
        ]
    with pytest.raises(TooManyInstancesError):
        read_lines(end.join(lines), 2)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", r"lines\[0\] is not JSON"),
        (b"{}\n\n{}", r"lines\[1\] is not JSON"),
        (b"{}{}\n", r"lines\[0\] is not JSON"),
        (b'{"a": [{}\n{}]}\n{},{}', r"lines\[0\] is not JSON"),
        (b'{"a": NaN}', r"lines\[0\] is not JSON: it holds NaN"),
        (b'{"a": "\xff"}', r"lines\[0\] is not JSON"),
        (b'{"a": 1}\n{"a": 1, "a": 2}', "'a' occurs twice"),
    ],
)
def test_what_is_no_json_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(MalformedJsonError, match=told):
        read_lines(body, 10)
