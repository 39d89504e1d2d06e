"""The page of the contract, rendered by a real browser that can reach nothing else."""

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Served

CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_shows_the_models_own_contract(
    served: Served, tmp_path: Path
) -> None:
    page = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={tmp_path}",
            "--virtual-time-budget=10000",
            "--dump-dom",
            f"{served('credit-risk').url}/docs",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    for shown in ("credit-risk", "/v1/predict", "Seniority", "owner", "422"):
        assert shown in page
