"""The image of one version of one model, built by docker on the right base.

Labels: https://github.com/opencontainers/image-spec/blob/main/annotations.md
"""

import argparse
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.model.artefact.folder import Artefact, verify_artefact
from service.model.artefact.manifest import Manifest
from service.model.runtimes.registry import find_runtime

SOURCE = Path(__file__).parents[2]

# The minor of Python decides what the pipeline's pickle and the lock's wheels are.
BASES = {
    "3.11": "python:3.11-slim-bookworm",
    "3.12": "python:3.12-slim-bookworm",
    "3.13": "python:3.13-slim-trixie",
}


class ImageError(Exception):
    """The image cannot be built; the sentence says why."""


def add_image_command(commands: Any) -> None:
    image = commands.add_parser("image", help="build the image of an artefact")
    image.add_argument("artefact", type=Path)
    image.add_argument("--tag", help="the image's name (default: NAME:VERSION)")
    image.add_argument("--base", help="the image of Python to build it on")
    image.add_argument(
        "--docker",
        action="append",
        default=[],
        metavar="OPTION",
        help="an option of docker build, such as --docker=--no-cache",
    )
    image.set_defaults(run=print_image)


def print_image(options: argparse.Namespace) -> None:
    print(build_image(options.artefact, options.tag, options.base, options.docker))


def build_image(
    folder: Path, tag: str | None, base: str | None, options: Sequence[str] = ()
) -> str:
    """Build the image of an artefact, and return its tag.

    `options` are docker's own. Raises ArtefactError, or ImageError.
    """
    artefact = verify_artefact(folder)
    if not (SOURCE / "Dockerfile").is_file():
        raise ImageError("An image is built from a checkout: there is no Dockerfile.")
    manifest = artefact.manifest
    tag = tag or f"{manifest.name}:{manifest.version}"
    revision, seconds = _read_commit()
    command = ["docker", "build", "--tag", tag]
    command += ["--build-arg", f"REQUIREMENTS={choose_lock(manifest)}", *options]
    command += ["--build-arg", f"PYTHON_IMAGE={base or _find_base(artefact)}"]
    command += ["--build-arg", f"SOURCE_DATE_EPOCH={seconds}"]
    # It takes the place of the stage of this name, wherever the artefact lies.
    command += ["--build-context", f"artefact={folder.resolve()}"]
    for name, value in list_labels(artefact, revision, seconds).items():
        command += ["--label", f"{name}={value}"]
    try:
        subprocess.run([*command, str(SOURCE)], check=True)  # noqa: S603 - no shell
    except FileNotFoundError:
        raise ImageError("docker is not installed, which builds the image.") from None
    except subprocess.CalledProcessError:
        raise ImageError(
            "docker did not build the image; its output is above."
        ) from None
    return tag


def list_labels(artefact: Artefact, revision: str, seconds: int) -> dict[str, str]:
    """Return the labels of the image, whose date is in seconds since 1970."""
    manifest = artefact.manifest
    oci = "org.opencontainers.image"
    return {
        f"{oci}.title": manifest.name,
        f"{oci}.version": manifest.version,
        f"{oci}.description": manifest.description,
        f"{oci}.revision": revision,
        f"{oci}.created": datetime.fromtimestamp(seconds, UTC).isoformat(),
        "model.name": manifest.name,
        "model.version": manifest.version,
        "model.manifest.digest": f"sha256:{artefact.digest}",
    }


def choose_lock(manifest: Manifest) -> str:
    """Return the lock that has the runtimes of a model's networks."""
    runtimes = {network.runtime for network in manifest.networks.values()}
    extras = sorted({find_runtime(name).extra for name in runtimes})
    lock = f"{'-'.join(['requirements', *extras])}.txt"
    if not (SOURCE / lock).is_file():
        raise ImageError(f"There is no {lock}, by which the model's image is built.")
    return lock


def _find_base(artefact: Artefact) -> str:
    minor = ".".join(artefact.manifest.libraries["python"].split(".")[:2])
    if minor not in BASES:
        raise ImageError(f"There is no base image for Python {minor}: name one.")
    return BASES[minor]


def _read_commit() -> tuple[str, int]:
    """Return the commit and its time, so that every build of it has the same date."""
    show = ["git", "-C", str(SOURCE), "show", "--no-patch", "--format=%H %ct", "HEAD"]
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            show, capture_output=True, text=True, check=True
        )
        revision, seconds = done.stdout.split()
    except (OSError, subprocess.CalledProcessError):
        revision, seconds = "unknown", "0"
    return revision, int(os.environ.get("SOURCE_DATE_EPOCH", seconds))
