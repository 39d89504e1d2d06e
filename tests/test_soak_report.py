"""The section that `make soak` writes into a report which is not its own."""

from pathlib import Path

from benchmarks.soak.findings import Finding
from benchmarks.soak.report import HEADING, cut_section, publish, write_section

ABOUT = {
    "cores": 2,
    "cpu": "a",
    "date": "b",
    "python": "c",
    "version": "d",
    "minutes": "e",
}


def test_a_section_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    report = tmp_path / "README.md"
    report.write_text("# Benchmarks\n\nOf old.\n")
    for figure in (1, 0):
        publish(write_section([Finding("p", "lost", figure, most=0)], ABOUT), report)
    before, section = cut_section(report)
    assert before == "# Benchmarks\n\nOf old.\n"
    assert section.startswith(f"{HEADING}\n\n")
    assert section.endswith("| p | lost | 0 | at most 0 | pass |\n")
    assert "FAIL" not in section


def test_a_finding_passes_within_its_bound_alone() -> None:
    assert Finding("p", "told", 7.0).passes
    assert Finding("p", "most", 3.0, most=3.0).passes
    assert not Finding("p", "most", 3.1, most=3.0).passes
    assert Finding("p", "least", 0.8, least=0.8).passes
    assert not Finding("p", "least", 0.7, least=0.8).passes
