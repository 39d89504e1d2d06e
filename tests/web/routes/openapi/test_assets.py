"""What is sent over and over is one object, in the form that its caller accepts."""

import gzip
import json
from collections.abc import Callable, Iterable

import pytest
from flask import Flask
from werkzeug.http import parse_accept_header
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from service.web.routes.openapi.assets import FILES, accepts_gzip, read_assets

BUNDLE = "/docs/swagger-ui-bundle.js"
COMPRESSED = ("/docs", BUNDLE, "/docs/swagger-ui.css", "/openapi.json")
LOADED = [f"/docs/{name}" for name in FILES if name != "index.html"]
PATHS = ["/docs", "/openapi.json", *LOADED]
GZIP = {"Accept-Encoding": "gzip"}

Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(app: Flask) -> Ask:
    return app.test_client().get


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("gzip", True),
        ("GZip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("gzip;q=0.001", True),
        ("identity;q=0.5, gzip;q=0.5", True),
        ("identity;q=0, *;q=0.1", True),
        ("gzip;q=0, gzip", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("gzip;q=0.5, identity", False),
        ("gzip;q=0.2, *;q=0.3", False),
        ("identity;q=0", False),
        ("gzipped", False),
        ("gzip;q=2", False),
        ("gzip;q=-1", False),
        ("gzip;q=much", False),
        ('gzip;q="', False),
        (";;,\x00;q*=utf-8''%ff,é", False),
    ],
)
def test_gzip_is_sent_to_whoever_accepts_it(accepted: str, expected: bool) -> None:
    assert accepts_gzip(parse_accept_header(accepted)) is expected


def test_nobody_gets_gzip_unasked(ask: Ask) -> None:
    answer = ask("/docs")
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", COMPRESSED)
def test_both_forms_are_the_same_content(ask: Ask, path: str) -> None:
    plain, gzipped = ask(path), ask(path, headers=GZIP)
    assert gzipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(gzipped.data) == plain.data
    assert len(gzipped.data) < len(plain.data)
    assert gzipped.content_type == plain.content_type
    for answer in (plain, gzipped):
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.content_length == len(answer.data)
        assert answer.headers.getlist("Cache-Control") == ["no-store"]


def test_what_gzip_makes_no_smaller_is_sent_plain(ask: Ask) -> None:
    for name in ("favicon-32x32.png", "start.js"):
        answer = ask(f"/docs/{name}", headers=GZIP)
        assert "Content-Encoding" not in answer.headers
        assert answer.data == read_assets()[name].plain.body


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_the_one_object(app: Flask, path: str, accepted: str) -> None:
    def call() -> Iterable[bytes]:
        headers = [("Accept-Encoding", accepted)]
        environ = EnvironBuilder(path, headers=headers).get_environ()
        return run_wsgi_app(app.wsgi_app, environ)[0]

    [first], [second] = call(), call()
    assert first is second


def test_no_answer_is_kept_compressed_by_the_clock() -> None:
    gzipped = read_assets()["swagger-ui.css"].gzipped
    assert gzipped is not None
    assert gzipped.body[4:8] == bytes(4)  # mtime: RFC 1952, 2.3


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
@pytest.mark.parametrize("path", PATHS)
def test_whoever_has_it_is_told_so(ask: Ask, path: str, accepted: str) -> None:
    headers = {"Accept-Encoding": accepted}
    etag = ask(path, headers=headers).headers["ETag"]
    assert etag.startswith('"')
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = ask(path, headers={**headers, "If-None-Match": known})
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == etag
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert not {"Content-Length", "Content-Encoding"} & set(answer.headers.keys())


@pytest.mark.parametrize("path", COMPRESSED)
def test_whoever_has_the_other_form_is_sent_this_one(ask: Ask, path: str) -> None:
    plain, gzipped = ask(path).headers["ETag"], ask(path, headers=GZIP).headers["ETag"]
    assert plain != gzipped
    for headers, known in ((GZIP, plain), ({}, gzipped), ({}, '"'), ({}, "?, W/,")):
        answer = ask(path, headers={**headers, "If-None-Match": known})
        assert answer.status_code == 200
        assert answer.data


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-9"},
        {"Range": "bytes=5-1"},
        {"Range": "bytes=99999999-"},
        {"Range": "lines=é"},
        {"Range": "bytes=0-9", "If-Range": '"other"'},
        {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"If-Match": "*"},
    ],
)
def test_the_whole_is_sent_whatever_part_or_time_is_asked_for(
    ask: Ask, headers: dict[str, str]
) -> None:
    answer = ask(BUNDLE, headers=headers)
    assert answer.status_code == 200
    assert answer.data == read_assets()["swagger-ui-bundle.js"].plain.body
    assert "Content-Range" not in answer.headers


@pytest.mark.parametrize("wanted", ['"other"', "W/{}", "other", '"other", W/"a"'])
def test_whoever_wants_something_else_is_told_that_it_is_not_here(
    ask: Ask, wanted: str
) -> None:
    etag = ask(BUNDLE).headers["ETag"]
    answer = ask(BUNDLE, headers={"If-Match": wanted.format(etag)})
    assert answer.status_code == 412
    assert answer.content_type == "application/problem+json"
    assert json.loads(answer.data)["status"] == 412
    assert ask(BUNDLE, headers={"If-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/docs/",
        "/docs//start.js",
        "/docs/start.js/",
        "/docs/./start.js",
        "/docs/../docs/start.js",
        "/docs/%2e%2e/pages.py",
        "/docs/..%2f..%2fapp.py",
        "/docs/%2e%2e%2f%2e%2e%2fapp.py",
        "/docs/..%5cpages.py",
        "/docs/%2fetc%2fpasswd",
        "/docs/start.js%00",
        "/docs/%00",
        "/docs/%ff",
        "/docs/START.JS",
        "/docs/index.html",
        "/docs/swagger-ui.js",
        "/docs/VERSION",
    ],
)
def test_nothing_else_is_sent(ask: Ask, path: str) -> None:
    answer = ask(path)
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert json.loads(answer.data)["title"] == "Not Found"
