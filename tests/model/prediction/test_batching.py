"""Requests that wait are answered together, split exactly, and fail alone."""

import math
import time
import warnings
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from greenlet import GreenletExit
from pipelines import Fitted
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from table_features import count_letters, count_shares

import train
from service.model.artefact.folder import read_artefact
from service.model.contract.instances import Instances, Predictions
from service.model.contract.prediction_form import form_values
from service.model.loading import load_predictor
from service.model.prediction.batching import MAX_BATCHED_INSTANCES, Batcher

VALUE = form_values(["value"])


class Panic(BaseException):
    """What no Exception is, as a panic of a library in Rust is none."""


class Model:
    """Answers a number with its double, but raises what a fault is the number of."""

    FAULTS: ClassVar = {
        -1: ValueError("minus one"),
        -2: SystemExit("minus two"),
        -3: Panic("minus three"),
        -4: GreenletExit("minus four"),
    }

    def __init__(self) -> None:
        self.batches: list[int] = []

    def predict(self, instances: Instances) -> Predictions:
        self.batches.append(instances.count)
        for value in instances.columns[0]:
            if value in self.FAULTS:
                raise self.FAULTS[value]
        return Predictions(VALUE, None, [[2.0 * v] for v in instances.columns[0]])


def ask(batcher: Batcher, *values: float) -> object:
    """Return what the batcher answers, or what it raises."""
    try:
        return batcher.predict(Instances((values,), len(values))).numbers
    except (ValueError, SystemExit, Panic, GreenletExit) as error:
        return str(error)


def ask_together(batcher: Batcher, *requests: tuple[float, ...]) -> list[object]:
    """Ask in one gathering."""
    answers: list[object] = [None] * len(requests)

    def answer(index: int) -> None:
        answers[index] = ask(batcher, *requests[index])

    batcher.gather([(partial(answer, i), math.inf) for i in range(len(requests))])
    return answers


def test_a_gathering_goes_as_one_batch_and_is_split_exactly() -> None:
    model, told = Model(), list[int]()
    batcher = Batcher(model.predict)
    batcher.observe = told.append
    answers = ask_together(batcher, (1.0,), (2.0, 3.0), (4.0,), (5.0, 6.0, 7.0))
    assert answers == [[[2.0]], [[4.0], [6.0]], [[8.0]], [[10.0], [12.0], [14.0]]]
    assert model.batches == told == [7]


@pytest.mark.parametrize("bad", Model.FAULTS)
def test_one_bad_request_fails_alone(bad: int) -> None:
    said = str(Model.FAULTS[bad])
    batcher = Batcher(Model().predict)
    answers = ask_together(batcher, (1.0,), (2.0,), (bad,), (4.0,))
    assert answers == [[[2.0]], [[4.0]], said, [[8.0]]]


def test_a_bad_request_is_found_by_halves() -> None:
    """Each by itself would take as long as if none were predicted together."""
    model = Model()
    values = [*range(1, 32), -1.0]
    answers = ask_together(Batcher(model.predict), *((value,) for value in values))
    assert answers == [*([[2.0 * value]] for value in range(1, 32)), "minus one"]
    assert model.batches == [32, 16, 16, 8, 8, 4, 4, 2, 2, 1, 1]


def test_a_batch_has_a_bound_but_a_request_is_never_split() -> None:
    model = Model()
    large = (1.0,) * (MAX_BATCHED_INSTANCES + 1)
    answers = ask_together(Batcher(model.predict), (1.0,), large, (2.0,), (3.0,))
    assert [len(answer) for answer in answers if isinstance(answer, list)] == [
        *(1, len(large)),
        *(1, 1),
    ]
    assert model.batches == [1, len(large), 2]


def test_none_is_begun_before_there_is_room_for_it() -> None:
    """It would hold memory, and its deadline might pass in a batch of others."""
    model, seen = Model(), list[tuple[int, list[int]]]()
    batcher = Batcher(model.predict)

    def call(count: int) -> None:
        seen.append((count, list(model.batches)))
        ask(batcher, *(1.0,) * count)

    full = MAX_BATCHED_INSTANCES
    counts = (full, full - 1, 1, 1, full)
    batcher.gather((partial(call, count), math.inf) for count in counts)
    assert seen == [
        (full, []),
        (full - 1, [full]),
        (1, [full]),
        (1, [full, full]),
        (full, [full, full]),
    ]
    assert model.batches == [full, full, 1, full]


def test_a_lone_request_is_a_batch_of_its_own() -> None:
    model, told = Model(), list[int]()
    batcher = Batcher(model.predict)
    batcher.observe = told.append
    assert ask(batcher, 3.0) == [[6.0]]
    assert ask(batcher, -1) == "minus one"
    assert model.batches == told == [1, 1]


def test_who_asks_for_nothing_or_twice_keeps_nobody_waiting() -> None:
    model = Model()
    batcher = Batcher(model.predict)
    answers: list[object] = []

    def ask_twice() -> None:
        answers.append(ask(batcher, 1.0))
        answers.append(ask(batcher, 2.0))

    calls = [lambda: None, ask_twice, lambda: answers.append(ask(batcher, 5.0))]
    batcher.gather([(call, math.inf) for call in calls])
    assert answers == [[[2.0]], [[10.0]], [[4.0]]]
    assert model.batches == [2, 1]


def test_each_request_of_a_gathering_has_a_context_of_its_own() -> None:
    """Flask knows by it which request it is that goes on."""
    batcher = Batcher(Model().predict)
    current: ContextVar[float] = ContextVar("current")
    seen: list[bool] = []

    def answer(value: float) -> None:
        current.set(value)
        seen.append(ask(batcher, value) == [[2 * current.get()]])

    batcher.gather([(partial(answer, value), math.inf) for value in (1.0, 2.0, 3.0)])
    assert seen == [True] * 3


@pytest.mark.parametrize(
    ("step", "is_row_wise"), [(count_shares, False), (count_letters, True)]
)
def test_requests_are_put_together_only_where_no_answer_depends_on_it(
    step: Any, is_row_wise: bool, tmp_path: Path
) -> None:
    X, y = train.read_data()
    X = X[["Home", "Job", "Marital"]].fillna("other")
    pipeline = make_pipeline(FunctionTransformer(step), LogisticRegression()).fit(X, y)
    fitted = Fitted("texts", pipeline, X, y, {"code": ["table_features"]})

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        folder = fitted.package(tmp_path)
    predictor = load_predictor(read_artefact(folder), use_plan=False)

    assert predictor.engine.is_batching is is_row_wise
    assert ("together" in predictor.engine.not_batched_because) is not is_row_wise
    warned = ["depends on the other rows" in str(w.message) for w in caught]
    assert warned == ([] if is_row_wise else [True])


class SlowOnce(Model):
    """Takes far longer for one value, as a model does that looks something up."""

    SLOW = 9.0

    def predict(self, instances: Instances) -> Predictions:
        if self.SLOW in instances.columns[0]:
            time.sleep(0.2)
        return super().predict(instances)


@pytest.mark.parametrize(
    ("seconds", "sizes"), [(0.3, [1, 1, 1, 1]), (3600.0, [4]), (math.inf, [4])]
)
def test_whoever_cannot_wait_for_a_slow_one_shares_no_batch(
    seconds: float, sizes: list[int]
) -> None:
    model = SlowOnce()
    batcher = Batcher(model.predict)
    for value in (1.0, 2.0, model.SLOW):
        ask(batcher, value)
    model.batches.clear()
    answers: list[object] = []

    def call(value: float) -> None:
        answers.append(ask(batcher, value))

    deadline = time.monotonic() + seconds
    values = (1.0, model.SLOW, 2.0, 3.0)
    batcher.gather((partial(call, value), deadline) for value in values)
    assert answers == [[[2.0 * value]] for value in values]
    assert model.batches == sizes


def test_a_batch_that_nobody_could_wait_for_holds_one() -> None:
    """As where the deadline of each is over: it is refused after its turn."""
    model = Model()
    batcher = Batcher(model.predict)
    ask(batcher, 1.0)

    def call() -> None:
        ask(batcher, 1.0)

    batcher.gather([(call, -math.inf)] * 3)
    assert model.batches == [1, 1, 1, 1]
