"""Platforms whose own network authenticates callers, and passes no key of ours.

To trust one opens its routes to whoever reaches this address. So it is refused where
others may reach it: on an address that is not of this host alone, outside of the
platform; and behind a proxy, which is there to let others in.
"""

import ipaddress
import logging
from collections.abc import Mapping

from service.settings import Platform, Settings, SettingsError

logger = logging.getLogger("service")

PLATFORM_TRUSTED = "platform_trusted"

# What a container of the platform has in its environment. SageMaker starts the image
# with the argument `serve`, which sets the first; it gives a container that is isolated
# from the network nothing of its own.
SIGNS: dict[Platform, tuple[str, ...]] = {
    "sagemaker": ("SAGEMAKER_BIND_TO_PORT",),
    "vertex-ai": ("AIP_MODE", "AIP_HTTP_PORT", "AIP_PREDICT_ROUTE"),
}


def find_platform(
    settings: Settings, environment: Mapping[str, str]
) -> Platform | None:
    """Return the platform that is trusted. Raises SettingsError where none may be."""
    platform = settings.trusted_platform
    if platform is None:
        return None
    if settings.trusted_proxies:
        raise SettingsError(
            f"SERVICE_TRUSTED_PLATFORM is {platform}, and whoever comes through a proxy"
            " would need no key: leave SERVICE_TRUSTED_PROXIES at 0."
        )
    missing = [sign for sign in SIGNS[platform] if sign not in environment]
    if missing and not ipaddress.ip_address(settings.host.strip("[]")).is_loopback:
        raise SettingsError(
            f"SERVICE_TRUSTED_PLATFORM is {platform}, but {missing[0]}, which it sets,"
            f" is missing: whoever reaches {settings.host} would need no key. Listen on"
            " 127.0.0.1, or unset it."
        )
    logger.info(PLATFORM_TRUSTED, extra={"platform": platform})
    return platform
