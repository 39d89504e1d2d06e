"""Images of this service: which version of which model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rolling.docker import DockerError, RolloutError, run_docker, try_docker


class ImageError(RolloutError):
    """There is no such image of this service."""


@dataclass(frozen=True)
class Image:
    """A version of a model: `id` is the digest of the image, `name` what it is called.

    A name may be given to another image later; an id may not.
    """

    name: str
    id: str
    model: str
    version: str

    def __str__(self) -> str:
        return f"{self.model} {self.version} ({self.name}, {self.id[:19]})"

    @property
    def reference(self) -> str:
        """The name, while it is still of this image, and else its id."""
        done = try_docker("image", "inspect", "--format", "{{.Id}}", self.name)
        return self.name if done.stdout.strip() == self.id else self.id


def read_image(name: str) -> Image:
    """Return the image of a name or an id, pulled if it is not here.

    Raises ImageError.
    """
    found = try_docker("image", "inspect", name)
    if found.returncode:
        _pull(name)
        found = try_docker("image", "inspect", name)
    try:
        [document] = json.loads(found.stdout)
    except ValueError:
        raise ImageError(f"There is no image {name}.") from None
    return describe_image(name, document["Id"], document["Config"])


def describe_image(name: str, id_: str, config: Mapping[str, Any]) -> Image:
    """Return an image by its labels. Raises ImageError."""
    labels = config.get("Labels") or {}
    try:
        return Image(name, id_, labels["model.name"], labels["model.version"])
    except KeyError as missing:
        raise ImageError(
            f"{name} is no image of this service: it has no label {missing.args[0]}."
        ) from None


def _pull(name: str) -> None:
    try:
        run_docker("pull", "--quiet", name)
    except DockerError as error:
        raise ImageError(
            f"There is no image {name}, and it cannot be pulled: {error}"
        ) from None
