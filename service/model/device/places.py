"""Where networks run: on the processor, or on a device of CUDA's."""

import os
from pathlib import Path
from typing import Any

from service.model.runtimes.device import CPU

# Its second number is that of the pages in memory; only Linux has it.
STATM = Path("/proc/self/statm")

# What the driver of such devices has made, also in a container that has one.
DRIVERS = (Path("/dev/nvidiactl"), Path("/dev/dxg"))


def has_driver() -> bool:
    """Return True where there may be a device, which only its own process asks."""
    return any(path.exists() for path in DRIVERS)


def describe_place(place: str) -> str:
    """Return the name of a device, where nvidia-ml-py is installed to ask for it."""
    if place == CPU:
        return ""
    library = _open_library()
    return library.nvmlDeviceGetName(_find(library, place)) if library else "unknown"


def measure_memory(place: str) -> int:
    """Return the bytes in use: of a device by all processes, else by this one."""
    if place == CPU:
        pages = int(STATM.read_text().split()[1]) if STATM.exists() else 0
        return pages * os.sysconf("SC_PAGE_SIZE")
    library = _open_library()
    if library is None:
        return 0
    return int(library.nvmlDeviceGetMemoryInfo(_find(library, place)).used)


def _open_library() -> Any:
    """Return the driver's library, or None where it cannot be asked."""
    try:
        import pynvml  # noqa: PLC0415 - need not be installed
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _find(library: Any, place: str) -> Any:
    """Return the driver's handle of a device, which CUDA may know by another number."""
    number = place.partition(":")[2]
    if visible := os.environ.get("CUDA_VISIBLE_DEVICES"):
        number = visible.split(",")[int(number)].strip()
    if number.isdigit():
        return library.nvmlDeviceGetHandleByIndex(int(number))
    return library.nvmlDeviceGetHandleByUUID(number)
