"""The contract, published: OpenAPI 3.1 of this very model, and a page that shows it.

schemas.py     the schemas of requests and answers
drift.py       those of GET /v1/drift
operations.py  what each route takes and answers
invocations.py the same of the route that MLflow and SageMaker share
vertex.py      the same of the routes that Vertex AI names
dialects.py    the same of what other servers' callers speak
document.py    the document, which apispec puts together
assets.py      static files, compressed once
pages.py       the routes; docs/ holds the page, which flask-swagger-ui's scripts fill
"""

from service.web.routes.openapi.assets import reading_assets
from service.web.routes.openapi.document import describe_api
from service.web.routes.openapi.operations import ERRORS
from service.web.routes.openapi.pages import build_openapi

__all__ = ["ERRORS", "build_openapi", "describe_api", "reading_assets"]
