"""Who asks for GET / gets its own words: KServe, Azure, a browser."""

import pytest
from flask import Flask

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "type_", "body"),
    [
        (None, "application/json", '{"status":"alive"}'),
        ("*/*", "application/json", '{"status":"alive"}'),
        ("application/json", "application/json", '{"status":"alive"}'),
        ("image/png", "application/json", '{"status":"alive"}'),
        ("text/plain", "text/plain", "Healthy"),
        ("text/plain, */*;q=0.1", "text/plain", "Healthy"),
        (BROWSER, "text/html", "<h1>credit-risk"),
        ("text/html", "text/html", "<h1>credit-risk"),
    ],
)
def test_each_is_answered_in_its_own_words(
    app: Flask, accept: str | None, type_: str, body: str
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    response = app.test_client().get("/", headers=headers)
    assert (response.status_code, response.mimetype) == (200, type_)
    assert body in response.text
    assert "Accept" in response.vary
