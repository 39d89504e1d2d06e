"""Requests that wait are answered together, split exactly, and fail alone."""

import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pipelines import Fitted
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from table_features import count_letters, count_shares

import train
from service.model.artefact import read_artefact
from service.model.batching import MAX_BATCHED_INSTANCES, Batcher
from service.model.instances import Instances, Predictions
from service.model.predictor import load_predictor


class SlowModel:
    """Answers a number with its double; holds its first call until it is released."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.entered = threading.Event()
        self.released = threading.Event()

    def predict(self, instances: Instances) -> Predictions:
        self.batches.append(instances.count)
        self.entered.set()
        assert self.released.wait(60)
        if -1 in instances.columns[0]:
            raise ValueError("minus one")
        return Predictions(("value",), values=[[2.0 * v] for v in instances.columns[0]])


def ask_at_once(
    model: SlowModel,
    requests: list[list[float]],
    observe: Callable[[int], None] = lambda count: None,
) -> list[object]:
    """Ask from a thread each, the first holding the model until all the others wait."""
    batcher = Batcher(model.predict)
    batcher.observe = observe
    answers: list[object] = [None] * len(requests)

    def ask(index: int) -> None:
        try:
            answers[index] = batcher.predict(
                Instances((requests[index],), len(requests[index]))
            ).values
        except ValueError as error:
            answers[index] = str(error)

    threads = [threading.Thread(target=ask, args=[i]) for i in range(len(requests))]
    threads[0].start()
    assert model.entered.wait(60)
    for thread in threads[1:]:
        thread.start()
    while len(batcher._queue) < len(requests) - 1:
        pass  # until every request waits in the queue
    model.released.set()
    for thread in threads:
        thread.join()
    return answers


def test_what_waits_goes_as_one_batch_and_is_split_exactly() -> None:
    model = SlowModel()
    answers = ask_at_once(model, [[1.0], [2.0, 3.0], [4.0], [5.0, 6.0, 7.0]])
    assert answers == [[[2.0]], [[4.0], [6.0]], [[8.0]], [[10.0], [12.0], [14.0]]]
    assert model.batches == [1, 6]


def test_one_bad_request_fails_alone() -> None:
    model = SlowModel()
    told: list[int] = []
    answers = ask_at_once(model, [[1.0], [2.0], [-1], [4.0]], told.append)
    assert answers == [[[2.0]], [[4.0]], "minus one", [[8.0]]]
    assert told == [1, 3]


def test_a_batch_has_a_bound_but_a_request_is_never_split() -> None:
    model = SlowModel()
    large = [1.0] * (MAX_BATCHED_INSTANCES + 1)
    ask_at_once(model, [[1.0], large, [2.0], [3.0]])
    assert sorted(model.batches) == [1, 2, MAX_BATCHED_INSTANCES + 1]


def test_a_lone_request_waits_for_nobody() -> None:
    model = SlowModel()
    model.released.set()
    batcher = Batcher(model.predict)
    assert batcher.predict(Instances(([3.0],), 1)).values == [[6.0]]
    with pytest.raises(ValueError, match="minus one"):
        batcher.predict(Instances(([-1],), 1))


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
    assert ("together" in predictor.engine.unbatched) is not is_row_wise
    warned = ["depends on the other rows" in str(w.message) for w in caught]
    assert warned == ([] if is_row_wise else [True])
