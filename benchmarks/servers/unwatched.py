"""The limit of being watched: our service that counts no request; nor does it log any.

SERVICE_LOG_LEVEL=ERROR leaves the lines out. Nothing in the service itself can switch
off the counting, so that it is taken out here.
"""

from typing import Any

from service.app import create_app
from service.web.monitoring.request_metrics import Metrics


def count_nothing(self: Metrics, call: Any) -> None:
    """Take the place of what counts a request, for the metrics and for drift."""


Metrics.count_request = count_nothing  # type: ignore[method-assign]
app = create_app()
