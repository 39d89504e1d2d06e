"""The verdicts as tables: all of them for the terminal, and a summary for the docs."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median

from corpus.verdict import Verdict

BEGIN, END = "<!-- corpus -->", "<!-- /corpus -->"
ENGINES = ("plan", "partly", "itself", "refused")


def write_rows(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Yield a line for each verdict, in columns."""
    yield (
        f"{'family':22} {'case':56} {'engine':8} {'difference':>10}"
        f" {'row us':>9} {'notebook':>9} {'times':>7}  because"
    )
    for verdict in verdicts:
        yield write_row(verdict)


def write_row(verdict: Verdict) -> str:
    """Return the line of a verdict."""
    case = verdict.case
    because = " | ".join(filter(None, (verdict.because_of_bits, verdict.because)))
    return (
        f"{case.family:22} {case.name:56} {verdict.engine:8} {verdict.difference:10.1e}"
        f" {1e6 * verdict.seconds:9.1f} {1e6 * verdict.notebook_seconds:9.1f}"
        f" {verdict.ratio:7.1f}  {because}"
    ).rstrip()


def write_totals(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield how many there are of each engine, and what is held against the targets."""
    counts = {name: _count(verdicts, name) for name in ENGINES}
    wrong = [v for v in verdicts if v.is_wrong]
    slower = [v for v in verdicts if 0.0 < v.ratio < 1.0]
    compiled = [v.ratio for v in verdicts if v.engine == "plan"]
    yield f"{len(verdicts)} pipelines: " + ", ".join(
        f"{count} {name}" for name, count in counts.items()
    )
    yield f"wrong: {len(wrong)}"
    yield f"slower than the notebook on one row: {len(slower)}"
    yield f"compiled whole: {median(compiled or [0.0]):.0f} times faster in the median"


def write_summary(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the table of docs/plan.md: a row for each family, then what is no plan."""
    yield "| family | pipelines | compiled | partly | itself | refused | times faster |"
    yield "|---|---|---|---|---|---|---|"
    for family in dict.fromkeys(v.case.family for v in verdicts):
        found = [v for v in verdicts if v.case.family == family]
        yield _write_family(family, found)
    yield _write_family("all", verdicts)


def _write_family(family: str, found: Sequence[Verdict]) -> str:
    counts = [str(_count(found, name)) for name in ENGINES]
    faster = median([v.ratio for v in found])
    cells = [family, str(len(found)), *counts, f"{faster:.0f}"]
    return f"| {' | '.join(cells)} |"


def _count(verdicts: Iterable[Verdict], engine: str) -> int:
    return sum(verdict.engine == engine for verdict in verdicts)


def publish(verdicts: Sequence[Verdict], page: Path) -> None:
    """Write the summary between the markers of a page."""
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = "\n".join(write_summary(verdicts))
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")
