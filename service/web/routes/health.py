"""Health checks. Live: the process answers. Ready: it reproduced its golden records."""

from flask import Blueprint

from service.web.access.auth import public
from service.web.readiness import Readiness


def build_health(readiness: Readiness) -> Blueprint:
    """Build the health routes, which need no key: load balancers call them."""
    health = Blueprint("health", __name__)

    @health.get("/health/live")
    @public
    def live() -> dict[str, str]:
        return {"status": "live"}

    @health.get("/health/ready")
    @health.get("/health")
    @public
    def ready() -> dict[str, str]:
        readiness.require_undrained()
        return {"status": "ready"}

    return health
