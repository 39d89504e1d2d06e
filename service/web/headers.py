"""The headers of every answer: what is left of a budget, and how to take it.

They are added where Flask is done: four of them would cost it 12 microseconds, to
look for each among the others and in each for what cannot be in them.
"""

from collections.abc import Iterable
from typing import Any

from flask import Flask

from service.web.call import PLACE
from service.web.limits import LEFT

# What is answered is for this caller, now, and of the type that it says.
ALWAYS = (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"))


def init_headers(app: Flask) -> None:
    """Send them with every answer."""
    answer = app.wsgi_app

    def answer_with_headers(
        environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            headers.extend(ALWAYS)
            left = environ.get(LEFT)
            if left:
                headers.append(("RateLimit-Policy", environ[PLACE].client.policy))
                headers.append(("RateLimit", ", ".join(left)))
            return start_response(status, headers, *rest)

        return answer(environ, start)

    app.wsgi_app = answer_with_headers  # type: ignore[method-assign]
