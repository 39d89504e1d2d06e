"""What is printed of the state, and of the journal."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta

from rolling.deployment import Deployment
from rolling.journal import Entry, find_served


def describe_state(deployment: Deployment, *, is_running: bool) -> Iterator[str]:
    """Yield who answers whom, and what can be done about a canary."""
    traffic = deployment.traffic
    yield f"{100 - traffic.weight:3} %  {traffic.stable}: {deployment.stable}"
    canary = deployment.canary
    if canary:
        rest = "" if deployment.stack.is_running(traffic.canary) else ", stopped"
        yield f"{traffic.weight:3} %  {traffic.canary}: {canary}{rest}"
    if traffic.weight and traffic.sticky != "request":
        yield f"Callers are kept on one version, by their {traffic.sticky}."
    if is_running:
        yield "A command is running."
    elif traffic.weight:
        yield deployment.describe_canary()


def describe_entry(entry: Entry) -> str:
    """Return a line of the journal in words."""
    told = ", ".join(map(str, entry.serving))
    words = [f"{entry.time:%Y-%m-%d %H:%M:%S}", entry.by, entry.event, told]
    if "beside" in entry.details and len(entry.serving) == 1:
        words.append(f"beside it {entry.details['beside']}")
    words += [
        f"{reason['figure']}: {reason['sentence']}"
        for reason in entry.details.get("reasons", ())
        if reason["finding"] != "alike"
    ]
    if "reason" in entry.details:
        words.append(entry.details["reason"])
    return "  ".join(words)


def read_time(text: str) -> tuple[datetime, datetime]:
    """Return the begin and the end of a day, or of a moment, in UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    is_day = "T" not in text and " " not in text and moment.time() == time.min
    return moment, moment + timedelta(days=1) if is_day else moment


def describe_served(
    entries: Sequence[Entry], begin: datetime, end: datetime
) -> Iterator[str]:
    """Yield who answered from one time to another."""
    served = find_served(entries, begin, end)
    if not served or served[0][0] > begin:
        yield f"What answered at {begin:%Y-%m-%d %H:%M:%S} is not in the journal."
    for since, shares in served:
        told = ", ".join(map(str, shares))
        yield f"since {since:%Y-%m-%d %H:%M:%S}: {told}"
