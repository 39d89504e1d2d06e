"""The settings, read once from the environment, or a refusal naming the variable."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from service.setting_values import (
    Parse,
    check_limits,
    natural,
    one_of,
    path,
    positive_seconds,
    predict_route,
    read_device,
    read_host,
    redis_url,
    route,
    seconds,
    share,
    whole,
)

# What an answer to SageMaker may be, if its callers do not say.
TYPES = (
    *("application/json", "text/csv"),
    *("application/jsonlines", "application/x-ndjson"),
)

Platform = Literal["sagemaker", "vertex-ai"]

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class SettingsError(Exception):
    """An environment variable cannot be used; the sentence names it."""


def _variable(default: Any, parse: Parse, *names: str) -> Any:
    """Declare a setting, of the variable SERVICE_ and its name, or of others.

    Of several that are set, the last counts.
    """
    return field(default=default, metadata={"parse": parse, "variables": names})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What ops decides. docs/settings.md says what each variable means.

    `api_keys_file` None means the key file that is made for local use, `workers` None
    as many as keep the processors busy, and `rate_limit_storage` None one count for the
    workers of this host.
    """

    artefact: Path | None = _variable(None, path)
    api_keys_file: Path | None = _variable(None, path)
    host: str = _variable("127.0.0.1", read_host)
    # The image sets the first, and a platform that runs it one of the others.
    port: int = _variable(
        *(8000, whole(0, 65535)), *("PORT", "SAGEMAKER_BIND_TO_PORT", "AIP_HTTP_PORT")
    )
    workers: int | None = _variable(None, natural, "WEB_CONCURRENCY")
    plan: str = _variable("on", one_of("on", "off"))
    # Where networks run. The processor gives the answers of packaging, bit for bit.
    device: str = _variable("cpu", read_device)
    # For a small network a device pays from some hundreds of rows on: benchmarks.gpu
    # tells.
    device_min_rows: int = _variable(1, natural)
    # Each appends its caller's address to X-Forwarded-For. Any caller can send that
    # header, so it counts only behind proxies that are declared here.
    trusted_proxies: int = _variable(0, whole(0))

    # One client can keep one of two workers busy, and no more.
    rate_limit_requests: str = _variable("60000/minute", check_limits)
    rate_limit_instances: str = _variable("2000000/minute", check_limits)
    # A mistyped key fails a few times; 256 random bits are not guessed at 30 a minute.
    # More are needed where one address stands for many callers.
    rate_limit_failures: str = _variable("30/minute", check_limits)
    rate_limit_storage: str | None = _variable(None, redis_url)

    # 10,000 instances are predicted in well under a second, and of some fifty features
    # they take 8 MiB.
    max_instances: int = _variable(10_000, natural)
    max_body_bytes: int = _variable(8 * 2**20, natural)
    # A category or a text. A model of documents needs more.
    max_string_length: int = _variable(10_000, natural)
    # Of an instance of any fields. A bag of words has some hundreds.
    max_fields: int = _variable(1000, natural)
    # Of tensors: 8 MiB of float32, or 13 images of 224 x 224 x 3.
    max_elements: int = _variable(2**21, natural)

    # From a request's first byte to its last: a phone's slow network takes seconds.
    receive_timeout_seconds: float = _variable(15.0, positive_seconds)
    # Some 10,000 instances of a slow pipeline; callers rarely wait longer.
    predict_timeout_seconds: float = _variable(10.0, positive_seconds)
    # Requests that a worker has taken and not answered: more would wait for long.
    max_in_flight: int = _variable(64, natural)
    # Balancers look every few seconds whether to send more; 0 stops at once.
    lame_duck_seconds: float = _variable(5.0, seconds)
    # Below the 30 s after which Kubernetes kills a pod.
    grace_seconds: float = _variable(20.0, positive_seconds)

    # An hour suits a busy model; a quiet one needs a day.
    drift_window_seconds: int = _variable(3600, whole(1, 10**9))
    # With 500 instances in ten bins, chance alone takes the PSI past 0.1 in fewer than
    # one of 100,000 windows: 500 times it is chi-square with 9 degrees of freedom.
    drift_min_count: int = _variable(500, natural)

    # Each worker has a file of its own.
    prediction_log: Path | None = _variable(None, path)
    # Audits need all. Training is better served by a share of a month than by the last
    # minute, which is all that the files hold of a busy service.
    prediction_log_sample: float = _variable(1.0, share)
    # Some 100,000 instances of the credit model; four of them for two workers.
    prediction_log_max_bytes: int = _variable(64 * 2**20, natural)

    # A second version, whose answers nobody gets.
    shadow_artefact: Path | None = _variable(None, path)
    # A second version costs about what the first does: of this share, a tenth of that.
    shadow_sample: float = _variable(0.1, share)
    # The credit model's takes 207 MB of it.
    shadow_max_memory_bytes: int = _variable(2**29, natural)

    # Whose network lets nobody but its own callers in, and passes no key.
    trusted_platform: Platform | None = _variable(None, one_of(*get_args(Platform)))
    invocations_accept: str = _variable(
        TYPES[0], one_of(*TYPES), "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"
    )
    vertex_health_route: str | None = _variable(None, route, "AIP_HEALTH_ROUTE")
    vertex_predict_route: str | None = _variable(
        None, predict_route, "AIP_PREDICT_ROUTE"
    )

    log_level: str = _variable("INFO", one_of(*LOG_LEVELS))

    @property
    def device_place(self) -> str:
        """Where the process with the device runs networks: `cpu`, or as `cuda:0`."""
        places = {"process": "cpu", "auto": "cuda:0", "cuda": "cuda:0"}
        return places.get(self.device, self.device)

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
        name: f.name
        for f in fields(Settings)
        for name in f.metadata["variables"] or [f"SERVICE_{f.name.upper()}"]
    }
