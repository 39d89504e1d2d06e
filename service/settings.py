"""The settings, read once from the environment, or a refusal naming the variable."""

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class SettingsError(Exception):
    """An environment variable cannot be used; the sentence names it."""


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) < 1:
        raise ValueError("must be a whole number from 1")
    return int(text)


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
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError("must be an address, such as 127.0.0.1 or ::") from None
    return f"[{address}]" if address.version == 6 else str(address)


def _variable(name: str, parse: Callable[[str], Any], default: Any) -> Any:
    return field(default=default, metadata={"variable": name, "parse": parse})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What ops decides. The README says what each variable means.

    `api_keys_file` None means the key file that is made for local use. A request of
    `max_instances` is predicted in well under a second, and `max_body_bytes` holds as
    many instances of some fifty features.
    """

    artefact: Path | None = _variable("SERVICE_ARTEFACT", _path, None)
    api_keys_file: Path | None = _variable("SERVICE_API_KEYS_FILE", _path, None)
    host: str = _variable("SERVICE_HOST", _host, "127.0.0.1")
    port: int = _variable("PORT", _port, 8000)
    workers: int = _variable("WEB_CONCURRENCY", _natural, 2)
    max_instances: int = _variable("SERVICE_MAX_INSTANCES", _natural, 10_000)
    max_body_bytes: int = _variable("SERVICE_MAX_BODY_BYTES", _natural, 8 * 2**20)
    plan: str = _variable("SERVICE_PLAN", _one_of("on", "off"), "on")
    log_level: str = _variable("SERVICE_LOG_LEVEL", _one_of(*LOG_LEVELS), "INFO")

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings. Raises SettingsError for a bad or an unknown variable."""
        known = variables()
        for name in environment:
            if name.startswith("SERVICE_") and name not in known:
                raise SettingsError(
                    f"{name} is no setting of this service: it reads"
                    f" {', '.join(known)}."
                )
        return Settings(
            **{
                known[name]: _read(name, environment[name])
                for name in known
                if name in environment
            }
        )


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
