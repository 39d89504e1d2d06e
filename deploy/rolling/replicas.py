"""The replicas of a colour: started until they are ready, and stopped."""

import time

from rolling.docker import find_reason, run_docker, try_docker
from rolling.images import Image
from rolling.stack import COLOURS, Container, Stack, StackError

# Two starts take three seconds, and a busy machine many times as long.
PATIENCE_SECONDS = 120
POLL_SECONDS = 0.2


def start_replicas(
    stack: Stack, colour: str, image: Image, *, is_idle: bool = False
) -> None:
    """Start both replicas with an image, and wait until they are ready.

    Those that there are give way, unless they are of this image and ready. If they are
    idle for long they have nothing in flight, nor a balancer that has to notice: they
    get a second instead of their grace period. Raises StackError.
    """
    found = stack.find_replicas(colour)
    has_image = len(found) == len(COLOURS[colour]) and all(
        each.image_id == image.id for each in found
    )
    if has_image and all(map(_is_ready, found)):
        return
    _stop(found, ["--time", "1"] if is_idle else [])
    if not has_image:
        # Not by `up --no-deps`: to a plain `up`, they would be changed after that.
        stack.compose.run("create", *COLOURS[colour])
        found = stack.find_replicas(colour)
    run_docker("start", *(each.id for each in found))
    _wait_until_healthy(stack, colour, {each.id: each.restarts for each in found})


def end_replicas(stack: Stack, colour: str) -> None:
    """Tell both replicas to end, which they do once they have answered.

    They are not waited for, and stay down if the engine starts again.
    """
    for each in stack.find_replicas(colour):
        try_docker("kill", "--signal", "SIGTERM", each.id)


def _is_ready(container: Container) -> bool:
    """Return whether it passes its own check.

    One that was told to end still runs, and is called healthy for a while.
    """
    check = container.config["Healthcheck"]["Test"][1:]
    return not try_docker("exec", container.id, *check).returncode


def _stop(containers: list[Container], options: list[str]) -> None:
    if running := [each.id for each in containers if each.is_running]:
        run_docker("stop", *options, *running)


def _wait_until_healthy(stack: Stack, colour: str, restarts: dict[str, int]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = stack.find_replicas(colour)
        if all(each.health == "healthy" for each in found):
            return
        for each in found:
            has_ended = not each.is_running or each.restarts > restarts[each.id]
            if has_ended or time.monotonic() > end:
                reason = _read_last_line(each)
                _stop(found, ["--time", "1"])
                raise StackError(f"The {colour} replicas do not start: {reason}")
        time.sleep(POLL_SECONDS)


def _read_last_line(container: Container) -> str:
    done = try_docker("logs", "--tail", "1", container.id)
    return find_reason(done.stdout + done.stderr) or f"they are {container.health}."
