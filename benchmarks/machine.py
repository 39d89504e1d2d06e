"""The machine that figures were measured on."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def describe_machine() -> dict[str, Any]:
    """Return the date, the processor and the Python of a run."""
    cpu = Path("/proc/cpuinfo").read_text().splitlines()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": next(line.split(": ")[1] for line in cpu if "model name" in line),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
