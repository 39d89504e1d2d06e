"""The start of a service: its model, and the process that runs networks, if any."""

import gc
from pathlib import Path

from service.malloc import trim_memory
from service.model.artefact.folder import read_artefact
from service.model.device.process import DeviceProcess, Orders, start_device
from service.model.errors import DeviceLostError
from service.model.loading import load_predictor
from service.model.prediction.predictor import Predictor
from service.model.runtimes.device import CPU, running_on
from service.model.runtimes.trial import trying_networks
from service.settings import Settings, SettingsError
from service.web.monitoring.request_log import log_engine
from service.web.runtime_folder import open_folder


def start_networks(settings: Settings) -> DeviceProcess | None:
    """Start the process with the device, if one is wanted. Raises SettingsError."""
    if settings.device == CPU:
        return None
    orders = Orders(
        str(_find_artefact(settings)),
        settings.device_place,
        settings.predict_timeout_seconds,
        settings.log_level,
    )
    try:
        return start_device(
            open_folder(),
            orders,
            settings.device_min_rows,
            is_wanted=settings.device != "auto",
        )
    except DeviceLostError as error:
        raise SettingsError(
            f"SERVICE_DEVICE={settings.device} cannot be used: {error}"
        ) from None


def _find_artefact(settings: Settings) -> Path:
    if settings.artefact is None:
        raise SettingsError(
            "SERVICE_ARTEFACT is not set: name the folder of a version, such as"
            " artefacts/credit-risk/1.0.0."
        )
    return settings.artefact


def load_model(settings: Settings, device: DeviceProcess | None) -> Predictor:
    """Load and prove the model. Raises ArtefactError, or SettingsError."""
    gc.freeze()  # what is imported stays: it need not be looked through for garbage
    artefact = read_artefact(_find_artefact(settings))
    with trying_networks(), running_on(device.client if device else None):
        predictor = load_predictor(artefact, use_plan=settings.plan == "on")
        predictor.prove()
    log_engine(predictor.engine)
    del artefact
    _settle_memory()
    return predictor


def _settle_memory() -> None:
    """Keep what was loaded where it lies, for workers forked from here to share it.

    What loading took on the way goes back to the system: for a large forest, a fifth.
    """
    gc.collect()
    gc.freeze()
    trim_memory()
