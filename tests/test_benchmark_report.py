"""A section that is measured again takes its place in the report, and no other's."""

from benchmarks.report import put_section
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
