"""The verdicts as tables: all of them for the terminal, and a summary for the docs."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median

from corpus.verdict import Verdict
from service.model.tolerances import SAME_ANSWER

BEGIN, END = "<!-- corpus -->", "<!-- /corpus -->"
ENGINES = ("plan", "partly", "itself", "refused")

# What of the corpus has to be compiled whole.
COMPILED = 200 / 250

HEADER = (
    f"{'family':22} {'case':56} {'engine':8} {'difference':>10} {'row us':>9}"
    f" {'notebook':>9} {'times':>7}  because"
)

# Before each sentence of a reason stands the step that it is about.
STEP = re.compile(r"There is no plan: |step '[^']*': ")
SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")


def write_row(verdict: Verdict) -> str:
    """Return the line of a verdict, in the columns of HEADER."""
    case = verdict.case
    because = " | ".join(filter(None, (verdict.because_of_bits, verdict.because)))
    return (
        f"{case.family:22} {case.name:56} {verdict.engine:8} {verdict.difference:10.1e}"
        f" {1e6 * verdict.seconds.service:9.1f} {1e6 * verdict.seconds.notebook:9.1f}"
        f" {verdict.ratio:7.1f}  {because}"
    ).rstrip()


def write_totals(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield how many there are of each engine, beside the targets."""
    count = len(verdicts)
    counts = {name: _count(verdicts, name) for name in ENGINES}
    yield f"{count} pipelines: " + ", ".join(
        f"{found} {name}" for name, found in counts.items()
    )
    yield f"compiled whole: {counts['plan']} (target: {COMPILED * count:.0f})"
    yield f"refused: {counts['refused']} (target: 0)"
    yield f"wrong: {sum(verdict.is_wrong for verdict in verdicts)} (target: 0)"
    far = sum(v.engine != "refused" and v.difference > SAME_ANSWER for v in verdicts)
    yield f"further than 1e-12 from the notebook: {far} (target: 0)"
    seconds = [verdict.seconds for verdict in verdicts]
    slower = sum(each.service > each.frame for each in seconds)
    slower_than_fitted = sum(each.service > each.notebook for each in seconds)
    yield f"slower on one row than the same calls on a frame: {slower} (target: 0)"
    yield f"slower than on the table that it was fitted on: {slower_than_fitted}"


def write_summary(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the tables of docs/plan.md: the families, what is no plan, what differs."""
    families = _group((verdict.case.family, verdict) for verdict in verdicts)
    yield (
        "| family | pipelines | compiled | partly | itself | refused | same bits |"
        " one row, times faster |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    yield from (_write_family(family, found) for family, found in families.items())
    yield _write_family("**all**", verdicts)
    causes = _group(_iterate_causes(verdicts))
    yield "\n| runs as itself | pipelines | one row, times faster |"
    yield "|---|---|---|"
    for cause, found in sorted(causes.items(), key=lambda item: -len(item[1])):
        yield f"| {cause} | {len(found)} | {_find_ratio(found)} |"
    yield "\n| not the same bits, for | pipelines | largest difference |"
    yield "|---|---|---|"
    bits = _group((v.because_of_bits, v) for v in verdicts if v.because_of_bits)
    for cause, found in bits.items():
        largest = max(verdict.difference for verdict in found)
        yield f"| {cause} | {len(found)} | {largest:.1e} |"


def _write_family(family: str, found: Sequence[Verdict]) -> str:
    counts = [_count(found, name) for name in ENGINES]
    same = sum(verdict.difference == 0.0 for verdict in found)
    cells = [family, len(found), *counts, same, _find_ratio(found)]
    return f"| {' | '.join(map(str, cells))} |"


def _iterate_causes(verdicts: Iterable[Verdict]) -> Iterator[tuple[str, Verdict]]:
    for verdict in verdicts:
        if verdict.engine != "plan":
            reason = STEP.sub("", verdict.because)
            for sentence in dict.fromkeys(SENTENCE.split(reason)):
                yield sentence.replace(" has no compiled form.", ""), verdict


def _group(pairs: Iterable[tuple[str, Verdict]]) -> dict[str, list[Verdict]]:
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for name, verdict in pairs:
        groups[name].append(verdict)
    return groups


def _find_ratio(found: Sequence[Verdict]) -> str:
    ratio = median(verdict.ratio for verdict in found)
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"


def _count(verdicts: Iterable[Verdict], engine: str) -> int:
    return sum(verdict.engine == engine for verdict in verdicts)


def publish(verdicts: Sequence[Verdict], page: Path) -> None:
    """Write the summary between the markers of a page."""
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    totals = [f"- {line}" for line in write_totals(verdicts)]
    table = "\n".join([*totals, "", *write_summary(verdicts)])
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")
