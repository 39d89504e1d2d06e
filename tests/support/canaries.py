"""Versions of the wine model, good and faulty, and callers that tell them apart."""

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import wine_versions
from calling_threads import CallingThreads
from faulty_wine import FailingClassifier, SlowClassifier
from pipelines import FITTED, Fitted
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from traffic import PAUSE_SECONDS, Reachable

STABLE, CANARY = "1.0.0", "1.1.0"


def make_good(wine: Fitted) -> Fitted:
    """The same again."""
    return wine


def make_slow(wine: Fitted) -> Fitted:
    """One that takes longer."""
    return _use(wine, SlowClassifier())


def make_failing(wine: Fitted) -> Fitted:
    """One that fails once it is asked for a wine without alcohol."""
    return _use(wine, FailingClassifier())


def make_shifted(wine: Fitted) -> Fitted:
    """One that was fitted on other units."""
    return replace(wine, pipeline=clone(wine.pipeline).fit(2 * wine.X, wine.y))


def make_swapped(wine: Fitted) -> Fitted:
    """One whose labels are of other classes."""
    return replace(
        wine, options={"labels": {0: "barbera", 1: "grignolino", 2: "barolo"}}
    )


def _use(wine: Fitted, classifier: Any) -> Fitted:
    pipeline = make_pipeline(StandardScaler(), classifier).fit(wine.X, wine.y)
    options = {**wine.options, "code": ["faulty_wine"]}
    return replace(wine, pipeline=pipeline, options=options)


MAKERS: dict[str, Callable[[Fitted], Fitted]] = {
    "good": make_good,
    "slow": make_slow,
    "failing": make_failing,
    "shifted": make_shifted,
    "swapped": make_swapped,
}


def release(kind: str, to: Path, version: str = CANARY) -> Path:
    """Write a version of the wine model."""
    made = MAKERS[kind](FITTED["wine"]())
    return wine_versions.release(made, to, version)


def list_instances() -> list[dict[str, Any]]:
    """Return what is asked for: most of one label, and one of four without alcohol."""
    wine = FITTED["wine"]()
    rows = wine.X.to_dict("records")
    asked = [*rows[:60], *rows[100:120]]
    return [
        {**row, "alcohol": 0.5} if n % 4 == 0 else row for n, row in enumerate(asked)
    ]


@dataclass(frozen=True)
class Answered:
    """An answer: the version is empty where none came from a version."""

    version: str
    status: int
    text: str


class Callers(CallingThreads):
    """Callers that ask over and over, each over a connection that it keeps."""

    def __init__(self, server: Reachable, callers: int = 6) -> None:
        super().__init__(partial(self._ask, offset) for offset in range(callers))
        self._server = server
        self._instances = list_instances()
        self.counts: Counter[tuple[str, int]] = Counter()
        self.failures: list[Answered] = []

    @property
    def of_stable(self) -> list[Answered]:
        """The failures that are not a canary's own."""
        return [each for each in self.failures if each.version != CANARY]

    def _ask(self, offset: int) -> None:
        with self._server.connect() as client:
            for number in itertools.count(offset):
                if self._is_over.wait(PAUSE_SECONDS):
                    return
                answered = self._ask_once(client, number)
                self.counts[answered.version, answered.status] += 1
                if answered.status != 200:
                    self.failures.append(answered)
                self._asked.release()

    def _ask_once(self, client: httpx.Client, number: int) -> Answered:
        instance = self._instances[number % len(self._instances)]
        try:
            answer = client.post("/v1/predict", json={"instances": [instance]})
        except httpx.HTTPError as error:
            return Answered("", 0, repr(error))
        version = answer.headers.get("X-Model-Version", "")
        return Answered(version, answer.status_code, answer.text)
