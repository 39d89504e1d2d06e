"""What a process has taken of memory at most."""

import re
from pathlib import Path


def read_peak(pid: int) -> int:
    """Return the most bytes of memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    [kilobytes] = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return 1024 * int(kilobytes)
