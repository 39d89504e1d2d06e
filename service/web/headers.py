"""The headers of every answer: its id, the model's version, what is left of a budget.

Added in WSGI middleware: Werkzeug's checks for duplicates and newlines would cost 12
microseconds, and these values are our own.
"""

from collections.abc import Iterable
from typing import Any

from flask import Flask

from service.web.request import CONTEXT, RequestContext

# An answer is for this caller, now, and of the type that it is labelled with.
ALWAYS = (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"))


def init_headers(app: Flask, version: str) -> None:
    """Send them with every answer; `version` is that of the model."""
    answer = app.wsgi_app
    always = (*ALWAYS, ("X-Model-Version", version))

    def answer_with_headers(
        environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            context: RequestContext = environ[CONTEXT]
            headers.extend(always)
            headers.append(("X-Request-ID", context.request_id))
            if context.rate_limits and context.client:
                headers.append(("RateLimit-Policy", context.client.policy))
                headers.append(("RateLimit", ", ".join(context.rate_limits)))
            return start_response(status, headers, *rest)

        return answer(environ, start)

    app.wsgi_app = answer_with_headers  # type: ignore[method-assign]
