"""The settings, read once from the environment, or a refusal naming the variable."""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from limits import RateLimitItem, parse_many

# What a header may say, and what a count of 64 bits holds:
# https://www.rfc-editor.org/rfc/rfc9651#name-integers
LARGEST = 10**15 - 1

ADDRESS = re.compile(r"[\w.:%-]+", re.ASCII)

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class SettingsError(Exception):
    """An environment variable cannot be used; the sentence names it."""


def _whole(least: int, most: int = LARGEST) -> Callable[[str], int]:
    def parse(text: str) -> int:
        is_whole = text.isascii() and text.isdigit() and len(text) <= 18
        if not is_whole or not least <= int(text) <= most:
            end = f" to {most}" if most < LARGEST else ""
            raise ValueError(f"must be a whole number from {least}{end}")
        return int(text)

    return parse


_natural = _whole(1)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d{1,5}(\.\d{1,3})?", text, re.ASCII):
        raise ValueError("must be a number of seconds, such as 2.5")
    return float(text)


def _positive_seconds(text: str) -> float:
    seconds = _seconds(text)
    if not seconds:
        raise ValueError("must be more than 0 seconds")
    return seconds


def _share(text: str) -> float:
    if not re.fullmatch(r"0(\.\d{1,9})?|1(\.0{1,9})?", text, re.ASCII):
        raise ValueError("must be a share from 0 to 1, such as 0.25")
    return float(text)


def parse_limits(text: str) -> tuple[RateLimitItem, ...]:
    """Read flask-limiter's notation. Raises ValueError.

    An empty string is rejected: flask-limiter would read it as no limit.
    """
    try:
        items = tuple(parse_many(text))
    except ValueError:
        items = ()
    numbers = [n for item in items for n in (item.amount, item.get_expiry())]
    if not items or min(numbers) < 1 or max(numbers) > LARGEST:
        raise ValueError("must be limits such as 200/minute, or 20/second;500/minute")
    return items


def _limits(text: str) -> str:
    parse_limits(text)
    return text


def _storage(text: str) -> str:
    if not re.fullmatch(r"(redis|rediss|redis\+unix)://\S+|memory://", text):
        raise ValueError("must be a store such as redis://redis:6379/0")
    return text


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 5 or int(text) > 65535:
        raise ValueError("must be a port from 0 to 65535")
    return int(text)


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise ValueError("must be a path")
    return Path(text)


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return parse


def _host(text: str) -> str:
    try:
        # The name of an interface may follow, and may be any text.
        address = ipaddress.ip_address(text if ADDRESS.fullmatch(text) else "")
    except ValueError:
        raise ValueError("must be an address, such as 127.0.0.1 or ::") from None
    return f"[{address}]" if address.version == 6 else str(address)


def _variable(name: str, parse: Callable[[str], Any], default: Any) -> Any:
    return field(default=default, metadata={"variable": name, "parse": parse})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What ops decides. docs/settings.md says what each variable means.

    `api_keys_file` None means the key file that is made for local use, `workers` None
    as many as keep the processors busy, and `rate_limit_storage` None one store for the
    workers of this host.
    """

    artefact: Path | None = _variable("SERVICE_ARTEFACT", _path, None)
    api_keys_file: Path | None = _variable("SERVICE_API_KEYS_FILE", _path, None)
    host: str = _variable("SERVICE_HOST", _host, "127.0.0.1")
    port: int = _variable("PORT", _port, 8000)
    workers: int | None = _variable("WEB_CONCURRENCY", _natural, None)
    plan: str = _variable("SERVICE_PLAN", _one_of("on", "off"), "on")
    # Each adds the address that it was called from to X-Forwarded-For. Any caller can
    # send that header, so it counts only where there is said to be a proxy.
    trusted_proxies: int = _variable("SERVICE_TRUSTED_PROXIES", _whole(0), 0)

    # A client may keep a worker of two busy, and no more: the rest is for the others.
    rate_limit_requests: str = _variable(
        "SERVICE_RATE_LIMIT_REQUESTS", _limits, "60000/minute"
    )
    rate_limit_instances: str = _variable(
        "SERVICE_RATE_LIMIT_INSTANCES", _limits, "2000000/minute"
    )
    # A slip of the pen is a few; 256 random bits are not found by 30 a minute.
    rate_limit_failures: str = _variable(
        "SERVICE_RATE_LIMIT_FAILURES", _limits, "30/minute"
    )
    rate_limit_storage: str | None = _variable(
        "SERVICE_RATE_LIMIT_STORAGE", _storage, None
    )

    # A request of so many instances is predicted in well under a second, and so many
    # bytes hold as many instances of some fifty features.
    max_instances: int = _variable("SERVICE_MAX_INSTANCES", _natural, 10_000)
    max_body_bytes: int = _variable("SERVICE_MAX_BODY_BYTES", _natural, 8 * 2**20)
    # A category or a text, not a document.
    max_string_length: int = _variable("SERVICE_MAX_STRING_LENGTH", _natural, 10_000)
    # A person mends a few at a time; all places of a big bad request are a huge answer.
    max_errors: int = _variable("SERVICE_MAX_ERRORS", _natural, 100)
    # Keys and traces are far shorter.
    max_header_bytes: int = _variable("SERVICE_MAX_HEADER_BYTES", _natural, 8190)

    # From a request's first byte to its last: a phone's slow network takes seconds.
    receive_timeout_seconds: float = _variable(
        "SERVICE_RECEIVE_TIMEOUT_SECONDS", _positive_seconds, 15.0
    )
    # Some 10,000 instances of a slow pipeline; callers rarely wait longer.
    predict_timeout_seconds: float = _variable(
        "SERVICE_PREDICT_TIMEOUT_SECONDS", _positive_seconds, 10.0
    )
    # Requests that a worker has taken and not answered: more would wait for long.
    max_in_flight: int = _variable("SERVICE_MAX_IN_FLIGHT", _natural, 64)
    # Balancers look every few seconds whether to send more; 0 stops at once.
    lame_duck_seconds: float = _variable("SERVICE_LAME_DUCK_SECONDS", _seconds, 5.0)
    # Below the 30 s after which Docker's and Kubernetes' patience ends.
    grace_seconds: float = _variable("SERVICE_GRACE_SECONDS", _positive_seconds, 20.0)

    # An hour of a model that is asked often; a day of one that is not.
    drift_window_seconds: int = _variable(
        "SERVICE_DRIFT_WINDOW_SECONDS", _whole(1, 10**9), 3600
    )
    # In ten bins chance alone takes the PSI past 0.1 in fewer than one of 100,000
    # windows of so many: 500 times it has a chi-square distribution of 9 degrees.
    drift_min_count: int = _variable("SERVICE_DRIFT_MIN_COUNT", _natural, 500)

    # A file of each worker's, from whose size it is begun anew.
    prediction_log: Path | None = _variable("SERVICE_PREDICTION_LOG", _path, None)
    prediction_log_sample: float = _variable(
        "SERVICE_PREDICTION_LOG_SAMPLE", _share, 1.0
    )
    # Some 100,000 instances of the credit model; four of them for two workers.
    prediction_log_max_bytes: int = _variable(
        "SERVICE_PREDICTION_LOG_MAX_BYTES", _natural, 64 * 2**20
    )

    log_level: str = _variable("SERVICE_LOG_LEVEL", _one_of(*LOG_LEVELS), "INFO")

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings. Raises SettingsError for a bad or an unknown variable."""
        known = variables()
        for name in environment:
            if name.startswith("SERVICE_") and name not in known:
                said = name if name.isprintable() else ascii(name)
                raise SettingsError(
                    f"{said} is no setting of this service: it reads"
                    f" {', '.join(known)}."
                )
        settings = Settings(
            **{
                known[name]: _read(name, environment[name])
                for name in known
                if name in environment
            }
        )
        if settings.rate_limit_storage == "memory://" and settings.workers != 1:
            raise SettingsError(
                "SERVICE_RATE_LIMIT_STORAGE memory:// would give each worker a count of"
                " its own: leave it out."
            )
        return settings


def variables() -> dict[str, str]:
    """Return the name of the field that each environment variable sets."""
    return {f.metadata["variable"]: f.name for f in fields(Settings)}


def _read(name: str, text: str) -> Any:
    parse = next(
        f.metadata["parse"] for f in fields(Settings) if f.metadata["variable"] == name
    )
    try:
        return parse(text)
    except ValueError as error:
        raise SettingsError(f"{name} {error}.") from None
