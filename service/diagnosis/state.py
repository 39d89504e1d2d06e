"""The state around the model: the key file, limits in Redis, the log, the clock."""

from collections.abc import Callable, Iterator

from service.diagnosis.facts import ServerFacts
from service.diagnosis.finding import Finding, count_of

# A Date header has whole seconds, and an answer may take some.
MOST_SECONDS = 5.0


def find_key_file(facts: ServerFacts) -> Iterator[Finding]:
    """Yield that the key file cannot be used."""
    if facts.samples.sum("api_keys_file_refused"):
        yield Finding(
            "wrong",
            "keys",
            "The key file cannot be used, so that a revoked key still opens:"
            " python -m service key list --file FILE names the fault.",
        )


def find_lost_redis(facts: ServerFacts) -> Iterator[Finding]:
    """Yield that limits are counted on each host, though they were to be shared."""
    count = facts.samples.sum("rate_limit_storage_workers", storage="fallback")
    if count:
        yield Finding(
            "wrong",
            "limits",
            "Limits are counted on each host, which gives the whole budget, by"
            f" {count_of(count, 'worker')}: start the Redis that"
            " SERVICE_RATE_LIMIT_STORAGE names.",
        )


def find_lost_lines(facts: ServerFacts) -> Iterator[Finding]:
    """Yield why predictions are missing from their log."""
    lost = facts.samples.group("model_prediction_log_dropped_total", "reason")
    for reason, count in lost.items():
        cure = "make room on the disk, or take a faster one"
        if reason == "too_long":
            cure = "raise SERVICE_PREDICTION_LOG_MAX_BYTES"
        yield Finding(
            "wrong",
            "prediction log",
            f"{count_of(count, 'line')} lost from the prediction log ({reason}):"
            f" {cure}.",
        )


def find_clock(facts: ServerFacts) -> Iterator[Finding]:
    """Yield that the server's clock is another than this one."""
    ahead = facts.seconds_ahead
    if ahead is not None and abs(ahead) > MOST_SECONDS:
        side = "ahead of" if ahead > 0 else "behind"
        yield Finding(
            "wrong",
            "clock",
            f"The server's clock is {abs(ahead):,.0f} seconds {side} this one, and keys"
            " expire and drift is counted by it: let both be set by a time server.",
        )


CHECKS: tuple[Callable[[ServerFacts], Iterator[Finding]], ...] = (
    find_key_file,
    find_lost_redis,
    find_lost_lines,
    find_clock,
)
