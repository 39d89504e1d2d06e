"""A section that is measured again takes its place in the report, and no other's."""

from benchmarks.report import put_section
from benchmarks.sections import write_offline
from benchmarks.soak.report import HEADING

REPORT = f"# Benchmarks\n\n## One\n\nold\n\n## Two\n\nsecond\n\n{HEADING}\n\nfaults\n"


def test_a_section_is_put_in_its_place() -> None:
    found = put_section(REPORT, "## One\n\nnew\n")
    assert found == REPORT.replace("old", "new")


def test_a_new_section_goes_before_the_faults() -> None:
    found = put_section(REPORT, "## Three\n\nthird\n")
    assert found == REPORT.replace(HEADING, f"## Three\n\nthird\n\n{HEADING}")


def test_a_section_that_is_put_twice_is_there_once() -> None:
    once = put_section(REPORT, "## Three\n\nthird\n")
    assert put_section(once, "## Three\n\nthird\n") == once


def test_each_way_of_scoring_is_compared_with_the_first() -> None:
    ours = {"rows_s": 1000.0, "seconds": 2.0, "processors_s": 4.0}
    other = {"rows_s": 250.0, "seconds": 8.0, "processors_s": 10.0}
    found = write_offline({"rows": 2000, "ways": {"score": ours, "by hand": other}})
    assert "2,000 rows" in found
    assert "| score | 1,000 | 2.00 | 4.00 |" in found
    assert "| by hand | 250 (0.25) | 8.00 (4.00) | 10.0 (2.50) |" in found
