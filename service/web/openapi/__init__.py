"""The contract, published: OpenAPI 3.1 of this very model, and a page that renders it.

pages.py       the routes
assets.py      the page's files, each kept once and sent as it is
docs/          the page, which flask-swagger-ui's scripts fill
document.py    the document, put together by apispec
operations.py  what each route takes and answers
schemas.py     what those are made of
"""

from service.web.openapi.assets import reading_assets
from service.web.openapi.document import describe_api
from service.web.openapi.operations import ERRORS
from service.web.openapi.pages import build_openapi

__all__ = ["ERRORS", "build_openapi", "describe_api", "reading_assets"]
