"""JSON that was good until hypothesis laid hands on it: requests, and other texts."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st
from pipelines import CREDIT

SAMPLE = json.loads((CREDIT / "sample.json").read_text())["instances"]
GOLDEN = [
    record["instance"]
    for record in json.loads((CREDIT / "golden.json").read_text())["records"]
]

Draw = Callable[[st.SearchStrategy[Any]], Any]  # what st.composite hands over


class Pairs(list[list[Any]]):
    """An object as a list of [key, value], where a key may come twice."""


class Raw(str):
    """Text that stands in a body as it is, whether JSON or not."""


ODD_TEXTS = (
    *("null", "true", "false", '""', '"30"', '"null"', "[]", "{}", '{"a": 1}', "[[1]]"),
    *("-0", "-0.0", "30.0", "0.5", "9007199254740993", "1e15", "1e308", "5e-324"),
    *("1e400", "-1e400", "1e-400", "1" + 400 * "0", "-1" + 5000 * "0", "1e999999999"),
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "+1",
        ".5",
        "1.",
        "0x1f",
        "1_000",
        "\u0661",
    ),
    *('"\\u0000"', '"a\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"'),
    *('"\\u2028"', '"\\q"', '"\n"', "'a'", '"' + 20_000 * "x" + '"', "", "undefined"),
    *(20 * "[" + 20 * "]", 5000 * "[" + 5000 * "]", 5000 * "[", 5000 * '{"a":'),
    *("/* */ 1", "1,", ",", ":", '"a": 1', "}", "]"),
)

ODD_VALUES = st.one_of(
    st.sampled_from(ODD_TEXTS).map(Raw),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from([value for row in GOLDEN for value in row.values()]),
)

ODD_KEYS = st.one_of(
    st.sampled_from(["", "instances", "Age", "age", "Age ", "__proto__", "f0", "\0"]),
    st.text(),
)

# What a caller may say with its request; None leaves it out.
HEADERS: dict[str, st.SearchStrategy[bytes | None]] = {
    "Content-Type": st.sampled_from(
        [
            *20 * [b"application/json"],
            *(b"application/json; charset=utf-8", b"APPLICATION/JSON;charset=UTF-8"),
            *(b"application/json; charset=utf-16", b"application/json; charset=\xff"),
            *(b'application/json; charset="utf-8', b"application/json;;;", b"text/csv"),
            *(b"multipart/form-data", b"application/x-www-form-urlencoded", b"", None),
        ]
    ),
    "Content-Encoding": st.sampled_from(
        [*20 * [None], b"identity", b"gzip", b"", b","]
    ),
    "Accept": st.sampled_from(
        [None, b"*/*", b"text/html", b"application/xml;q=2", b""]
    ),
    "X-Request-ID": st.one_of(st.none(), st.binary(max_size=300)),
    "traceparent": st.one_of(st.none(), st.binary(max_size=80)),
    "X-Request-Timeout-Ms": st.sampled_from(
        [*6 * [None], b"60000", b"-1", b"", b"1e9", b"99999999999999999999", b"\xb2"]
    ),
    "Cookie": st.one_of(st.none(), st.binary(max_size=80)),
    "Forwarded": st.sampled_from([None, b'for="[::1]";proto=gopher', b";;=", b"\xff"]),
    "X-Forwarded-For": st.sampled_from([None, b"1.2.3.4, 5", b"\xff", b","]),
    "If-None-Match": st.sampled_from([None, b"*", b'W/"', b"\xff"]),
    "Range": st.sampled_from([None, b"bytes=0-1", b"bytes=-", b"lines=9-1"]),
}

# What no header's value may hold: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
NO_VALUE = bytes([*range(9), *range(10, 32), 127])


@st.composite
def bodies(draw: Draw) -> bytes:
    """Draw the bytes of a good request after none to four mutations."""
    rows = draw(
        st.one_of(
            st.sampled_from(GOLDEN).map(lambda row: [row]),
            st.lists(st.sampled_from(SAMPLE), max_size=5),
            st.just(SAMPLE[:64]),
        )
    )
    body: bytes = draw(mutants({"instances": rows}))
    return body


@st.composite
def mutants(draw: Draw, document: Any) -> bytes:
    """Draw the bytes of a document after none to four mutations."""
    tree = _read(document)
    for _ in range(draw(st.integers(0, 3))):
        _mutate(draw, tree)
    body = _write(tree).encode("utf-8", "surrogatepass")
    return _spoil(draw, body) if draw(st.integers(0, 3)) == 0 else body


@st.composite
def headers(draw: Draw) -> list[tuple[str, bytes]]:
    """Draw headers that HTTP allows."""
    drawn = [(name, draw(values)) for name, values in HEADERS.items()]
    return [
        (name, value.translate(None, NO_VALUE).strip())
        for name, value in drawn
        if value is not None
    ]


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return Pairs([key, _read(below)] for key, below in value.items())
    return [_read(below) for below in value] if isinstance(value, list) else value


def _write(node: Any) -> str:
    if isinstance(node, Raw):
        return str(node)
    if isinstance(node, Pairs):
        return f"{{{', '.join(f'{json.dumps(k)}: {_write(v)}' for k, v in node)}}}"
    if isinstance(node, list):
        return f"[{', '.join(map(_write, node))}]"
    return json.dumps(node, ensure_ascii=False)


def _walk(node: Any) -> Iterator[list[Any]]:
    """Yield every list and object that holds something."""
    if isinstance(node, list) and node:
        yield node
        for below in node:
            yield from _walk(below[1] if isinstance(node, Pairs) else below)


def _mutate(draw: Draw, tree: Pairs) -> None:
    """Change one place of a tree: a value, a key, or how often it is there."""
    places = list(_walk(tree))
    if not places:
        return
    place = draw(st.sampled_from(places))
    index = draw(st.integers(0, len(place) - 1))
    entry = place[index]
    is_object = isinstance(place, Pairs)
    holder, at = (entry, 1) if is_object else (place, index)
    kind = draw(st.sampled_from(["retype", "nest", "drop", "double", "rename"]))
    if kind == "drop":
        del place[index]
    elif kind == "double":
        odd = draw(ODD_VALUES)
        again = [entry[0], odd] if is_object else odd
        place.append(draw(st.sampled_from([entry, again])))
    elif kind == "nest":
        holder[at] = draw(st.sampled_from([[holder[at]], Pairs([["a", holder[at]]])]))
    elif kind == "rename" and is_object:
        entry[0] = draw(ODD_KEYS)
    else:
        holder[at] = draw(ODD_VALUES)


def _spoil(draw: Draw, body: bytes) -> bytes:
    """Cut, flip, insert or write anew the bytes of a body."""
    at = draw(st.integers(0, len(body)))
    mask, more = draw(st.integers(1, 255)), draw(st.binary(max_size=8))
    text = body.decode("utf-8", "replace")
    spoilt: bytes = draw(
        st.sampled_from(
            [
                *(body[:at], body[at:], more, flip(body, at, mask)),
                body[:at] + more + body[at:],
                *(text.encode(name) for name in ("utf-8-sig", "utf-16", "utf-32")),
            ]
        )
    )
    return spoilt


def flip(data: bytes, at: int, mask: int) -> bytes:
    """Flip the bits of a mask in one byte."""
    at %= max(1, len(data))
    return data[:at] + bytes(byte ^ mask for byte in data[at : at + 1]) + data[at + 1 :]
