"""The settings, read once from the environment, or a refusal naming the variable."""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from limits import RateLimitItem, parse_many

# The largest integer of a header, which a count of 64 bits holds, too:
# https://www.rfc-editor.org/rfc/rfc9651#name-integers
MAX_INTEGER = 10**15 - 1

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

Parse = Callable[[str], Any]


class SettingsError(Exception):
    """An environment variable cannot be used; the sentence names it."""


def _matching(pattern: str, convert: Parse, rule: str) -> Parse:
    """Build a parser of the texts that match a pattern as a whole."""

    def parse(text: str) -> Any:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"must be {rule}")
        return convert(text)

    return parse


def _whole(least: int, most: int = MAX_INTEGER) -> Parse:
    end = f" to {most}" if most < MAX_INTEGER else ""
    rule = f"a whole number from {least}{end}"
    read_digits = _matching(r"\d{1,18}", int, rule)

    def parse(text: str) -> int:
        number: int = read_digits(text)
        if not least <= number <= most:
            raise ValueError(f"must be {rule}")
        return number

    return parse


def _one_of(*choices: str) -> Parse:
    return _matching("|".join(choices), str, f"one of {', '.join(choices)}")


def parse_limits(text: str) -> tuple[RateLimitItem, ...]:
    """Read flask-limiter's notation. Raises ValueError.

    An empty string is rejected: flask-limiter would read it as no limit.
    """
    try:
        items = tuple(parse_many(text))
    except ValueError:
        items = ()
    numbers = [n for item in items for n in (item.amount, item.get_expiry())]
    if not items or min(numbers) < 1 or max(numbers) > MAX_INTEGER:
        raise ValueError("must be limits such as 200/minute, or 20/second;500/minute")
    return items


def _limits(text: str) -> str:
    parse_limits(text)
    return text


def _host(text: str) -> str:
    # The name of an interface may follow an address, and be any text.
    is_plain = re.fullmatch(r"[\w.:%-]+", text, re.ASCII)
    try:
        address = ipaddress.ip_address(text if is_plain else "")
    except ValueError:
        raise ValueError("must be an address, such as 127.0.0.1 or ::") from None
    return f"[{address}]" if address.version == 6 else str(address)


_natural = _whole(1)
_number = r"\d{1,5}(\.\d{1,3})?"
_seconds = _matching(_number, float, "a number of seconds, such as 2.5")
_positive_seconds = _matching(
    rf"(?=.*[1-9]){_number}", float, "a number of seconds above 0, such as 2.5"
)
_share = _matching(r"0(\.\d+)?|1(\.0+)?", float, "a share from 0 to 1, such as 0.25")
_redis = _matching(
    r"(redis|rediss|redis\+unix)://\S+", str, "a store such as redis://redis:6379/0"
)
_path = _matching(r"[^\0]+", Path, "a path")


def _variable(default: Any, parse: Parse, name: str | None = None) -> Any:
    """Declare a setting, of the variable SERVICE_ and its name, or of another."""
    return field(default=default, metadata={"parse": parse, "variable": name})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What ops decides. docs/settings.md says what each variable means.

    `api_keys_file` None means the key file that is made for local use, `workers` None
    as many as keep the processors busy, and `rate_limit_storage` None one count for the
    workers of this host.
    """

    artefact: Path | None = _variable(None, _path)
    api_keys_file: Path | None = _variable(None, _path)
    host: str = _variable("127.0.0.1", _host)
    port: int = _variable(8000, _whole(0, 65535), "PORT")
    workers: int | None = _variable(None, _natural, "WEB_CONCURRENCY")
    plan: str = _variable("on", _one_of("on", "off"))
    # Each appends its caller's address to X-Forwarded-For. Any caller can send that
    # header, so it counts only behind proxies that are declared here.
    trusted_proxies: int = _variable(0, _whole(0))

    # One client can keep one of two workers busy, and no more.
    rate_limit_requests: str = _variable("60000/minute", _limits)
    rate_limit_instances: str = _variable("2000000/minute", _limits)
    # A mistyped key fails a few times; 256 random bits are not guessed at 30 a minute.
    # More are needed where one address stands for many callers.
    rate_limit_failures: str = _variable("30/minute", _limits)
    rate_limit_storage: str | None = _variable(None, _redis)

    # 10,000 instances are predicted in well under a second, and of some fifty features
    # they take 8 MiB.
    max_instances: int = _variable(10_000, _natural)
    max_body_bytes: int = _variable(8 * 2**20, _natural)
    # A category or a text. A model of documents needs more.
    max_string_length: int = _variable(10_000, _natural)
    # Of an instance of any fields. A bag of words has some hundreds.
    max_fields: int = _variable(1000, _natural)

    # From a request's first byte to its last: a phone's slow network takes seconds.
    receive_timeout_seconds: float = _variable(15.0, _positive_seconds)
    # Some 10,000 instances of a slow pipeline; callers rarely wait longer.
    predict_timeout_seconds: float = _variable(10.0, _positive_seconds)
    # Requests that a worker has taken and not answered: more would wait for long.
    max_in_flight: int = _variable(64, _natural)
    # Balancers look every few seconds whether to send more; 0 stops at once.
    lame_duck_seconds: float = _variable(5.0, _seconds)
    # Below the 30 s after which Kubernetes kills a pod.
    grace_seconds: float = _variable(20.0, _positive_seconds)

    # An hour suits a busy model; a quiet one needs a day.
    drift_window_seconds: int = _variable(3600, _whole(1, 10**9))
    # With 500 instances in ten bins, chance alone takes the PSI past 0.1 in fewer than
    # one of 100,000 windows: 500 times it is chi-square with 9 degrees of freedom.
    drift_min_count: int = _variable(500, _natural)

    # Each worker has a file of its own.
    prediction_log: Path | None = _variable(None, _path)
    # Audits need all. Training is better served by a share of a month than by the last
    # minute, which is all that the files hold of a busy service.
    prediction_log_sample: float = _variable(1.0, _share)
    # Some 100,000 instances of the credit model; four of them for two workers.
    prediction_log_max_bytes: int = _variable(64 * 2**20, _natural)

    # A second version, whose answers nobody gets.
    shadow_artefact: Path | None = _variable(None, _path)
    # A second version costs about what the first does: of this share, a tenth of that.
    shadow_sample: float = _variable(0.1, _share)
    # The credit model's takes 207 MB of it.
    shadow_max_memory_bytes: int = _variable(2**29, _natural)

    log_level: str = _variable("INFO", _one_of(*LOG_LEVELS))

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings. Raises SettingsError for a bad or an unknown variable."""
        known = variables()
        for name in environment:
            if name.startswith("SERVICE_") and name not in known:
                shown = name if name.isprintable() else ascii(name)
                raise SettingsError(
                    f"{shown} is no setting of this service: it reads"
                    f" {', '.join(known)}."
                )
        parsers = {f.name: f.metadata["parse"] for f in fields(Settings)}
        values = {}
        for name in filter(environment.__contains__, known):
            try:
                values[known[name]] = parsers[known[name]](environment[name])
            except ValueError as error:
                raise SettingsError(f"{name} {error}.") from None
        return Settings(**values)


def variables() -> dict[str, str]:
    """Return the name of the field that each environment variable sets."""
    return {
        f.metadata["variable"] or f"SERVICE_{f.name.upper()}": f.name
        for f in fields(Settings)
    }
