"""The time since this machine was started, which no step of its clock changes."""

import time
from functools import partial
from pathlib import Path

# Only Linux has the first, which goes on while the machine sleeps. Either is one clock
# for all processes, and begins anew with each boot.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

# https://docs.kernel.org/admin-guide/sysctl/kernel.html#random
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

read_seconds = partial(time.clock_gettime, _CLOCK)


def find_boot() -> str | None:
    """Return the identity of this boot, None where the system has none."""
    try:
        return BOOT_ID.read_text().strip() or None
    except OSError:
        return None
