"""What gunicorn.conf.py makes of the machine that it is read on."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

COUNT = (
    "import os, runpy; os.sched_setaffinity(0, {processors});"
    " print(runpy.run_path('gunicorn.conf.py')['workers'])"
)


def test_there_is_a_worker_for_each_processor_that_may_be_used_and_two_at_least() -> (
    None
):
    usable = os.sched_getaffinity(0)
    for processors in (usable, {min(usable)}):
        counted = subprocess.run(
            [sys.executable, "-c", COUNT.format(processors=processors)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert 2 <= int(counted) <= max(2, len(processors))
