"""The steps: stages, promotion, roll back, switch."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rolling.deployment import Deployment, RefusedError
from rolling.images import Image, ImageError, read_image
from rolling.journal import BACK, Share, find_former
from rolling.judging import JudgeError, Judgement, look
from rolling.traffic import Sticky, Traffic

PROMOTED, ROLLED_BACK, PAUSED = 0, 1, 3


@dataclass(frozen=True)
class Plan:
    """How a canary is rolled out: percents, and how each stage is looked at.

    `tolerance` are options of the judge; `seen_file` keeps what it has seen. Without
    `sticky` callers are hashed as they were.
    """

    weights: Sequence[int]
    sticky: Sticky | None
    every_seconds: float
    stage_seconds: float
    seen_file: Path
    tolerance: Sequence[str] = ()


def roll_out(deployment: Deployment, image: Image, plan: Plan) -> int:
    """Give a version more and more, as the judge allows, and return an exit code."""
    check_image(deployment, image)
    if image.version == deployment.stable.version:
        raise RefusedError(f"{deployment.stable} has the same version.")
    if deployment.traffic.weight:
        deployment.tell(f"Found at {deployment.traffic.weight} %: {image}.")
    else:
        plan.seen_file.unlink(missing_ok=True)
    deployment.begin(image)
    stages = list_stages(deployment.traffic, plan)
    judgement = _look_first(deployment, stages[0], plan)
    if judgement.verdict == "roll back":
        return _stop_at(deployment, judgement)
    for traffic in stages:
        deployment.give(traffic, "stage", judgement)
        judgement = _watch(deployment, plan)
        if judgement.verdict != "promote":
            return _stop_at(deployment, judgement)
    deployment.promote("promoted", judgement)
    return PROMOTED


def list_stages(traffic: Traffic, plan: Plan) -> list[Traffic]:
    """Return the stages that are left, of which there always is one."""
    weights = [weight for weight in plan.weights if weight >= traffic.weight]
    sticky = plan.sticky or traffic.sticky
    return [
        replace(traffic, weight=weight, sticky=sticky)
        for weight in weights or [traffic.weight]
    ]


def switch(deployment: Deployment, image: Image) -> None:
    """Let a version answer everybody at once, without a judge."""
    check_image(deployment, image)
    deployment.begin(image)
    deployment.promote("switched")


def go_back(deployment: Deployment) -> None:
    """End the canary, or let the version answer that was stable before."""
    if deployment.traffic.weight:
        deployment.end_canary("taken back")
        return
    former = find_former(deployment.journal.read())
    if former is None:
        raise RefusedError("There is no version before this one: see --journal.")
    deployment.begin(_find_former_image(deployment, former))
    deployment.promote(BACK)


def stop_idle(deployment: Deployment) -> None:
    """Stop the version that answers nobody, for its memory."""
    if deployment.traffic.weight:
        raise RefusedError(deployment.describe_canary())
    deployment.stop(deployment.traffic.canary)
    deployment.tell(f"The {deployment.traffic.canary} replicas end.")


def check_image(deployment: Deployment, image: Image) -> None:
    """Raise RefusedError unless a version can be put beside the stable one."""
    stable, canary = deployment.stable, deployment.canary
    if image.model != stable.model:
        raise RefusedError(
            f"{image.name} is of the model {image.model}, and {stable.model} is served."
        )
    if image.id == stable.id:
        raise RefusedError(f"{stable} is stable already.")
    if deployment.traffic.weight and (canary is None or canary.id != image.id):
        raise RefusedError(deployment.describe_canary())


def _look_first(deployment: Deployment, stage: Traffic, plan: Plan) -> Judgement:
    """Look before any caller is answered: what cannot be judged is not begun."""
    try:
        return look(
            *(deployment.stack, deployment.stable, stage),
            *(plan.seen_file, plan.tolerance),
        )
    except JudgeError:
        if not deployment.traffic.weight:
            deployment.end_canary("not judged")
        raise


def _watch(deployment: Deployment, plan: Plan) -> Judgement:
    """Look until there is a verdict, or the time of the stage is over."""
    end = time.monotonic() + plan.stage_seconds
    told: list[str] = []
    while True:
        judgement = _look(deployment, plan)
        if judgement.decisive != told:  # figures, which change less than sentences
            deployment.tell(f"{deployment.traffic.weight} %: {judgement}.")
            told = judgement.decisive
        left = end - time.monotonic()
        if judgement.verdict != "undecided" or left <= 0:
            return judgement
        time.sleep(min(plan.every_seconds, left))


def _look(deployment: Deployment, plan: Plan) -> Judgement:
    """Return the verdict so far; whoever cannot look leaves it undecided."""
    try:
        return look(
            *(deployment.stack, deployment.stable, deployment.traffic),
            *(plan.seen_file, plan.tolerance),
        )
    except JudgeError as error:
        reason = {"figure": "judge", "finding": "open", "sentence": str(error)}
        return Judgement("undecided", (reason,))


def _stop_at(deployment: Deployment, judgement: Judgement) -> int:
    if judgement.verdict == "roll back":
        deployment.end_canary("rolled back", judgement)
        return ROLLED_BACK
    deployment.note("paused", judgement)
    deployment.tell(
        f"Paused: the time of the stage is over. {deployment.describe_canary()}"
    )
    return PAUSED


def _find_former_image(deployment: Deployment, former: Share) -> Image:
    canary = deployment.canary
    if canary and canary.id == former.id:
        return canary
    try:
        return replace(read_image(former.id), name=former.image)
    except ImageError:
        raise RefusedError(f"The image of {former} is no longer here.") from None
