"""The stack as it is found, and the few things that are done to it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from rolling.docker import RolloutError
from rolling.images import Image
from rolling.journal import Journal, Share, share_image
from rolling.judging import Judgement
from rolling.replicas import end_replicas, start_replicas
from rolling.stack import COLOURS, Stack, StackError
from rolling.traffic import Traffic, read_traffic, write_traffic

FOUND = "found"

# After which nothing is in flight in a version that is asked no more: nginx waits for
# an answer for 15 seconds, and as long for each piece of a body.
IDLE = timedelta(seconds=60)


class RefusedError(RolloutError):
    """What is asked for cannot be done now."""


class Deployment:
    """Which versions there are, and who is answered by which."""

    def __init__(
        self, stack: Stack, journal: Journal, tell: Callable[[str], Any]
    ) -> None:
        self.stack = stack
        self.journal = journal
        self.tell = tell
        self.traffic = read_traffic(stack.find_nginx())
        self.images = _find_images(stack, self.traffic)

    @property
    def stable(self) -> Image:
        """The version that answers all callers, but for the canary's."""
        return self.images[self.traffic.stable]

    @property
    def canary(self) -> Image | None:
        """The version of the other colour, which may have any share, or none."""
        return self.images.get(self.traffic.canary)

    def list_shares(self) -> tuple[Share, ...]:
        """Return who answers how many."""
        weight = self.traffic.weight
        shares = [share_image(self.stable, 100 - weight)]
        if weight and self.canary:
            shares.append(share_image(self.canary, weight))
        return tuple(shares)

    def note_found(self) -> None:
        """Write down who answers, where that is not what the journal says."""
        entries = self.journal.read()
        if not entries or entries[-1].serving != self.list_shares():
            self.note(FOUND)

    def begin(self, image: Image) -> None:
        """Start a version beside the stable one, unless it is there already.

        Raises StackError where it does not start: it is stopped then.
        """
        colour = self.traffic.canary
        begin = time.monotonic()
        self.images[colour] = image
        self.stack.use_images(self.images)
        last = self.journal.read()[-1].time
        try:
            is_idle = datetime.now(UTC) - last > IDLE
            start_replicas(self.stack, colour, image, is_idle=is_idle)
        except StackError as error:
            if self.traffic.weight:
                self.give(Traffic(self.traffic.stable), "taken back")
            self.stack.tell_prometheus({self.traffic.stable})
            self.note("not started", reason=str(error))
            raise
        self.stack.tell_prometheus(COLOURS)
        self.tell(f"Ready in {time.monotonic() - begin:.1f} s: {image}.")

    def give(
        self, traffic: Traffic, event: str, judgement: Judgement | None = None
    ) -> None:
        """Let callers be answered so from now on, and write it down."""
        begin = time.monotonic()
        write_traffic(self.stack.find_nginx(), traffic)
        seconds = time.monotonic() - begin
        before, self.traffic = self.stable, traffic
        details = {} if before == self.stable else {"instead_of": before.id}
        self.note(event, judgement, **details)
        told = ", ".join(map(str, self.list_shares()))
        self.tell(f"{event.capitalize()} in {seconds:.1f} s. Answering: {told}.")

    def promote(self, event: str, judgement: Judgement | None = None) -> None:
        """Let the other version answer everybody; the one before it goes on running."""
        self.give(Traffic(self.traffic.canary), event, judgement)

    def end_canary(self, event: str, judgement: Judgement | None = None) -> None:
        """Take all callers from the canary, and stop it once it has answered."""
        colour = self.traffic.canary
        self.give(Traffic(self.traffic.stable), event, judgement)
        self.stop(colour)

    def stop(self, colour: str) -> None:
        """Stop a colour that answers nobody."""
        end_replicas(self.stack, colour)
        self.stack.tell_prometheus(COLOURS.keys() - {colour})

    def note(
        self, event: str, judgement: Judgement | None = None, **details: Any
    ) -> None:
        """Write down what happened, and which version it happened to."""
        if self.canary and event != FOUND:
            details["beside"] = str(self.canary)
        if judgement:
            details["verdict"] = judgement.verdict
            details["reasons"] = list(judgement.reasons)
        self.journal.append(event, self.list_shares(), **details)

    def interrupt(self) -> None:
        """Write down that the command was ended, and say what it leaves."""
        self.traffic = read_traffic(self.stack.find_nginx())
        self.note("interrupted")
        left = f"{self.stable} answers everybody."
        self.tell(
            f"Interrupted. {self.describe_canary() if self.traffic.weight else left}"
        )

    def describe_canary(self) -> str:
        """Return what can be done about a canary that nobody looks at."""
        name = self.canary.name if self.canary else "IMAGE"
        return (
            f"A rollout of {self.canary} stands at {self.traffic.weight} %, and nobody"
            f" looks at it: deploy/rollout {name} goes on, deploy/rollout --back ends"
            " it."
        )


def _find_images(stack: Stack, traffic: Traffic) -> dict[str, Image]:
    found = {colour: stack.find_image(colour) for colour in COLOURS}
    if found[traffic.stable] is None:
        names = " and ".join(COLOURS[traffic.stable])
        raise StackError(f"{names}, which are stable, are not both there as one image.")
    return {colour: image for colour, image in found.items() if image}
