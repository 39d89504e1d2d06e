"""The verdict of `make trial` follows from its figures, and its table has them all."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import CELLS
from benchmarks.soak.findings import Finding
from benchmarks.trial.contenders import ALONE, PROXIED, ProxiedGthread, ProxiedOurs
from benchmarks.trial.table import BEGIN, END, publish, write_trial

ABOUT = {"cores": 2, "cpu": "a", "date": "b", "python": "c", "version": "d"}
NAMES = [each.name for each in (*ALONE, *PROXIED)]
STAYS, REPLACES = "Our worker stays.", "gthread behind nginx replaces our worker."


def build_results(share: float, lost: int, errors: int = 0) -> dict[str, Any]:
    """Return results: these of gthread behind nginx, and poor ones of the others."""
    rates = dict.fromkeys(NAMES, 0.1) | {ProxiedOurs.name: 1.0}
    rates[ProxiedGthread.name] = share
    medians = {
        name: {
            cell.key: {"requests_s": rate, "p99_ms": 1.0, "cpu_ms": 1.0, "errors": 0.0}
            for cell in CELLS
        }
        for name, rate in rates.items()
    }
    medians[ProxiedGthread.name][CELLS[-1].key]["errors"] = errors
    losses = dict.fromkeys(NAMES, 1) | {ProxiedGthread.name: lost}
    return {
        "throughput": {
            "about": ABOUT,
            "rounds": 1,
            "seconds": 1,
            "refusals": {},
            "medians": medians,
        },
        "faults": {
            "about": ABOUT,
            "findings": {
                name: {"killed": [asdict(Finding("killed", "lost", figure, most=0))]}
                for name, figure in losses.items()
            },
        },
    }


@pytest.mark.parametrize(
    ("share", "lost", "errors", "verdict"),
    [
        (0.85, 0, 0, REPLACES),
        (0.84, 0, 0, STAYS),
        (2.0, 1, 0, STAYS),
        (2.0, 0, 1, STAYS),
    ],
)
def test_a_stock_worker_replaces_ours_by_keeping_every_bound_and_nearly_the_rate(
    share: float, lost: int, errors: int, verdict: str
) -> None:
    text = write_trial(build_results(share, lost, errors))
    assert f"**{verdict}**" in text


def test_a_phase_without_an_end_is_a_missed_bound() -> None:
    results = build_results(share=1.0, lost=0)
    results["faults"]["findings"][ProxiedGthread.name]["hung"] = "TimeoutError: so"
    text = write_trial(results)
    assert f"**{STAYS}**" in text
    assert "did not come to the end of the phase hung: TimeoutError: so" in text


def test_there_is_no_verdict_on_what_was_not_measured() -> None:
    results = build_results(share=1.0, lost=0)
    del results["faults"]["findings"][ProxiedGthread.name]
    assert REPLACES not in write_trial(results)
    assert STAYS not in write_trial(results)
    assert REPLACES not in write_trial({"faults": results["faults"]})


def test_what_misses_its_bound_is_bold() -> None:
    text = write_trial(build_results(share=1.0, lost=0))
    [row] = [line for line in text.splitlines() if line.startswith("| killed | lost")]
    cells = row.strip("| ").split(" | ")[3:]
    wanted = dict.fromkeys(NAMES, "**1**") | {ProxiedGthread.name: "0"}
    assert cells == list(wanted.values())


def test_the_tables_take_the_place_of_older_ones(tmp_path: Path) -> None:
    page = tmp_path / "worker.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    for text in ("older", "newer"):
        publish(text, page)
    assert page.read_text() == f"before\n{BEGIN}\n\nnewer\n{END}\nafter\n"
