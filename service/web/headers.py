"""The headers of every answer that tell a browser, and a cache, to keep out."""

from flask import Flask, Response

# The page of the documentation runs what lies beside it, and nothing from elsewhere;
# its styles are partly written in place.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def init_headers(app: Flask) -> None:
    """Send them with every answer."""

    def add(response: Response) -> Response:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Cache-Control"] = "no-store"
        if response.mimetype == "text/html":
            headers["Content-Security-Policy"] = POLICY
        return response

    app.after_request(add)
