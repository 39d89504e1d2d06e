"""What the text of an environment variable says: parsers, which raise ValueError."""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from limits import RateLimitItem, parse_many

# The largest integer of a header, which a count of 64 bits holds, too:
# https://www.rfc-editor.org/rfc/rfc9651#name-integers
MAX_INTEGER = 10**15 - 1

Parse = Callable[[str], Any]


def matching(pattern: str, convert: Parse, rule: str) -> Parse:
    """Build a parser of the texts that match a pattern as a whole."""

    def parse(text: str) -> Any:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"must be {rule}")
        return convert(text)

    return parse


def whole(least: int, most: int = MAX_INTEGER) -> Parse:
    end = f" to {most}" if most < MAX_INTEGER else ""
    rule = f"a whole number from {least}{end}"
    read_digits = matching(r"\d{1,18}", int, rule)

    def parse(text: str) -> int:
        number: int = read_digits(text)
        if not least <= number <= most:
            raise ValueError(f"must be {rule}")
        return number

    return parse


def one_of(*choices: str) -> Parse:
    return matching("|".join(choices), str, f"one of {', '.join(choices)}")


def read_device(text: str) -> str:
    """Read where networks run. Raises ValueError."""
    if not re.fullmatch(r"cpu|process|auto|cuda(:\d{1,2})?", text, re.ASCII):
        raise ValueError("must be one of cpu, process, auto, cuda, or cuda:0 and so on")
    return text


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


def check_limits(text: str) -> str:
    parse_limits(text)
    return text


def read_host(text: str) -> str:
    # The name of an interface may follow an address, and be any text.
    is_plain = re.fullmatch(r"[\w.:%-]+", text, re.ASCII)
    try:
        address = ipaddress.ip_address(text if is_plain else "")
    except ValueError:
        raise ValueError("must be an address, such as 127.0.0.1 or ::") from None
    return f"[{address}]" if address.version == 6 else str(address)


natural = whole(1)
NUMBER = r"\d{1,5}(\.\d{1,3})?"
seconds = matching(NUMBER, float, "a number of seconds, such as 2.5")
positive_seconds = matching(
    rf"(?=.*[1-9]){NUMBER}", float, "a number of seconds above 0, such as 2.5"
)
share = matching(r"0(\.\d+)?|1(\.0+)?", float, "a share from 0 to 1, such as 0.25")
redis_url = matching(
    r"(redis|rediss|redis\+unix)://\S+", str, "a store such as redis://redis:6379/0"
)
path = matching(r"[^\0]+", Path, "a path")
route = matching(r"/[\w.:/-]*", str, "a path of letters, digits and ._:/-")
# Alerts, dashboards and the judge of a canary know predictions by this.
predict_route = matching(
    r"/([\w.:/-]*[:/])?predict", str, "a path that ends in /predict or :predict"
)
