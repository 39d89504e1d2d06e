"""What a referee is given by the test, and what it gives back: JSON, both ways."""

import json
import sys
from dataclasses import dataclass
from typing import Any

Rows = list[dict[str, Any]]
# By the name of a request, the columns of its answer: {"plain": {"label": [...]}}.
Answers = dict[str, dict[str, list[Any]]]


@dataclass(frozen=True)
class Case:
    """A service to ask, the rows to ask for, and the same with a wrong value."""

    url: str
    key: str
    model: str
    version: str
    rows: Rows
    wrong_rows: Rows

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def headers(self) -> dict[str, str]:
        return {"X-API-Key": self.key}

    @staticmethod
    def to_columns(rows: Rows) -> dict[str, list[Any]]:
        return {name: [row[name] for row in rows] for name in rows[0]}


def read_case() -> Case:
    return Case(**json.load(sys.stdin))


def tell(answers: Answers, faults: dict[str, str], states: dict[str, Any]) -> None:
    json.dump({"answers": answers, "faults": faults, "states": states}, sys.stdout)
