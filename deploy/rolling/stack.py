"""The containers of two colours, of which one is stable."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rolling.docker import Compose, RolloutError, run_docker, try_docker
from rolling.images import Image, describe_image

# The replicas of each, and the variable of compose.yaml that names their image.
COLOURS = {"blue": ("service-1", "service-2"), "green": ("service-3", "service-4")}
VARIABLES = {"blue": "IMAGE", "green": "GREEN_IMAGE"}
JUDGE = "JUDGE_IMAGE"
PORT = 8000

LABEL = "com.docker.compose"

NOT_RUNNING = (
    "The stack is not running: docker compose -f deploy/compose.yaml up --detach --wait"
)


class StackError(RolloutError):
    """The stack is not as it has to be."""


@dataclass(frozen=True)
class Container:
    """A container of the stack, as the engine has it."""

    id: str
    image: str
    image_id: str
    is_running: bool
    health: str
    restarts: int
    config: dict[str, Any]


def get_other(colour: str) -> str:
    """Return the colour that another is beside."""
    [other] = COLOURS.keys() - {colour}
    return other


def list_urls(colour: str) -> list[str]:
    """Return the addresses of the replicas of a colour, inside the stack."""
    return [f"http://{name}:{PORT}" for name in COLOURS[colour]]


class Stack:
    """The stack of compose.yaml.

    `images_file` is written for whoever runs compose by hand: the images of both
    colours, as variables.
    """

    def __init__(self, compose: Compose, images_file: Path) -> None:
        self.compose = compose
        self._images_file = images_file

    def find_containers(self) -> dict[str, Container]:
        """Return the containers by the names of their services. Raises StackError."""
        ids = self.compose.run("ps", "--all", "--quiet").split()
        if not ids:
            raise StackError(NOT_RUNNING)
        found = {}
        for each in json.loads(run_docker("inspect", *ids)):
            labels = each["Config"]["Labels"]
            if labels.get(f"{LABEL}.oneoff") != "True":
                found[labels[f"{LABEL}.service"]] = _read_container(each)
        return found

    def find_nginx(self) -> str:
        """Return the id of nginx's container. Raises StackError."""
        nginx = self.find_containers().get("nginx")
        if nginx is None or not nginx.is_running:
            raise StackError(NOT_RUNNING)
        return nginx.id

    def find_replicas(self, colour: str) -> list[Container]:
        """Return the containers of a colour that there are."""
        containers = self.find_containers()
        return [containers[name] for name in COLOURS[colour] if name in containers]

    def find_image(self, colour: str) -> Image | None:
        """Return the image of both replicas, or None if they are not of one."""
        found = self.find_replicas(colour)
        images = {each.image_id: each for each in found}
        if len(found) < len(COLOURS[colour]) or len(images) != 1:
            return None
        [container] = images.values()
        return describe_image(container.image, container.image_id, container.config)

    def is_running(self, colour: str) -> bool:
        """Return whether both replicas run."""
        found = [each for each in self.find_replicas(colour) if each.is_running]
        return len(found) == len(COLOURS[colour])

    def use_images(self, images: dict[str, Image]) -> None:
        """Name the image of each colour from now on."""
        names = {VARIABLES[each]: image.reference for each, image in images.items()}
        self.compose.environment.update(names)
        lines = [f"{name}={image}\n" for name, image in sorted(names.items())]
        self._images_file.write_text("".join(lines))

    def tell_prometheus(self, running: Collection[str]) -> None:
        """Say which colours should answer a scrape, if there is a Prometheus."""
        prometheus = self.find_containers().get("prometheus")
        if prometheus is None or not prometheus.is_running:
            return
        # prometheus.yml names the blue replicas, which run at first.
        lists = {
            "running": COLOURS["green"] if "green" in running else (),
            "stopped": COLOURS["blue"] if "blue" not in running else (),
        }
        for name, replicas in lists.items():
            _write_targets(prometheus.id, f"/prometheus/{name}.json", replicas)


def _read_container(document: dict[str, Any]) -> Container:
    state, config = document["State"], document["Config"]
    return Container(
        document["Id"],
        config["Image"],
        document["Image"],
        state["Running"],
        (state.get("Health") or {}).get("Status", "healthy"),
        document["RestartCount"],
        config,
    )


def _write_targets(prometheus: str, path: str, names: Collection[str]) -> None:
    targets = json.dumps([{"targets": [f"{name}:{PORT}" for name in names]}])
    script = 'printf %s "$2" > "$1.new" && mv "$1.new" "$1"'
    try_docker("exec", prometheus, "sh", "-c", script, "sh", path, targets)
