"""The parts of the shadow that a server and its workers have, as the settings want."""

from dataclasses import dataclass
from pathlib import Path

from service.model.artefact.folder import read_manifest
from service.model.artefact.manifest import Manifest
from service.model.errors import ArtefactError
from service.settings import Settings, SettingsError
from service.web.monitoring.worker_slots import open_counts
from service.web.runtime_folder import open_folder
from service.web.shadow.keeper import Keeper
from service.web.shadow.metrics import ShadowInstruments
from service.web.shadow.sender import Sender

VARIABLE = "SERVICE_SHADOW_ARTEFACT"


@dataclass(frozen=True)
class Shadowing:
    """What hands requests over, and what keeps the process that takes them."""

    sender: Sender
    keeper: Keeper
    sample: float


def find_socket(folder: Path) -> Path:
    """Return where the shadow of the server of a folder listens."""
    return folder / "shadow.socket"


def build_shadowing(settings: Settings, manifest: Manifest) -> Shadowing | None:
    """Build the parts, if a shadow is wanted. Raises SettingsError.

    Of its artefact no more is read than the manifest: what is wrong with the rest is
    the shadow's own to find, and keeps no server from its start.
    """
    if settings.shadow_artefact is None:
        return None
    try:
        shadow = read_manifest(settings.shadow_artefact)
    except ArtefactError as error:
        raise SettingsError(f"{VARIABLE} cannot be used: {error}") from None
    if shadow.task != manifest.task:
        raise SettingsError(
            f"{VARIABLE} is a model of the task {shadow.task}, and {manifest.name}"
            f" {manifest.version} of {manifest.task}: their answers cannot be compared."
        )
    folder = open_folder()
    instruments = ShadowInstruments(open_counts())
    return Shadowing(
        Sender(find_socket(folder), settings.shadow_sample, instruments),
        Keeper(folder, instruments),
        settings.shadow_sample,
    )
