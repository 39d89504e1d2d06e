"""Try every case, print the table, and write its summary into docs/plan.md."""

import argparse
import os

# One thread, as gunicorn.conf.py has it, before numpy.
os.environ["OMP_NUM_THREADS"] = "1"

from pathlib import Path

from corpus.cases import list_cases
from corpus.table import HEADER, publish, write_row, write_totals
from corpus.verdict import Verdict, try_case

PAGE = Path(__file__).parents[2] / "docs/plan.md"


def main() -> None:
    """Try the cases whose family or name holds a word, or all."""
    parser = argparse.ArgumentParser(prog="python -m corpus", description=__doc__)
    parser.add_argument("word", nargs="?", default="", help="of a family or a name")
    parser.add_argument("--publish", action="store_true", help="write into the docs")
    options = parser.parse_args()
    verdicts: list[Verdict] = []
    print(HEADER)
    for case in list_cases():
        if options.word.lower() in f"{case.family} {case.name}".lower():
            verdicts.append(try_case(case))
            print(write_row(verdicts[-1]), flush=True)
    print(*write_totals(verdicts), sep="\n")
    if options.publish:
        publish(verdicts, PAGE)


if __name__ == "__main__":
    main()
