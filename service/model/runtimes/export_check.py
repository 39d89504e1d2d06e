"""An exported network, held to the answers of what it was exported from."""

from collections.abc import Mapping

import numpy as np

from service.model.errors import PackagingError
from service.model.runtimes.network_file import NetworkFile
from service.model.tolerances import SINGLE_GOLDEN_RECORD, SINGLE_NEAR_ZERO

TITLES = {"onnx": "ONNX", "litert": "TensorFlow Lite"}


def check_export(
    network: NetworkFile, exported: NetworkFile, arrays: Mapping[str, np.ndarray]
) -> NetworkFile:
    """Return an exported network. Raises PackagingError if it answers otherwise."""
    wanted, found = network.run(arrays), exported.run(arrays)
    for name, numbers in wanted.items():
        if fault := _find_fault(numbers, found.get(name)):
            raise PackagingError(
                f"Exported to {TITLES[exported.runtime]}, the network gives {name!r}"
                f" {fault}: package it without export=."
            )
    return exported


def _find_fault(wanted: np.ndarray, found: np.ndarray | None) -> str:
    """Return how an output differs, or nothing."""
    if found is None:
        return "under another name"
    if wanted.shape != found.shape:
        return f"in the shape {found.shape}, and not in {wanted.shape}"
    difference = np.abs(np.subtract(wanted, found, dtype=float))
    bound = SINGLE_GOLDEN_RECORD * np.abs(wanted) + SINGLE_NEAR_ZERO
    if not (difference <= bound).all():
        return f"otherwise, by up to {difference.max():.3g}"
    return ""
