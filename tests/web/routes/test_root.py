"""Who asks for GET / gets its own words: KServe, Azure, a browser."""

import pytest
from flask import Flask

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "status", "type_", "body"),
    [
        (None, 200, "application/json", '{"status":"alive"}'),
        ("*/*", 200, "application/json", '{"status":"alive"}'),
        ("application/json", 200, "application/json", '{"status":"alive"}'),
        ("image/png", 200, "application/json", '{"status":"alive"}'),
        ("text/plain", 200, "text/plain", "Healthy"),
        ("text/plain, */*;q=0.1", 200, "text/plain", "Healthy"),
        (BROWSER, 303, None, ""),
        ("text/html", 303, None, ""),
    ],
)
def test_each_is_answered_in_its_own_words(
    app: Flask, accept: str | None, status: int, type_: str | None, body: str
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    response = app.test_client().get("/", headers=headers)
    assert (response.status_code, response.text) == (status, body)
    assert response.headers["Vary"] == "Accept"
    if type_:
        assert response.mimetype == type_
    else:
        assert response.headers["Location"] == "/docs"
