"""The gate lets through what agrees, and nothing else."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from pipelines import CREDIT
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics.pairwise import linear_kernel
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

import train
from service.model.artefact.folder import read_artefact
from service.model.contract.features import Contract
from service.model.contract.instances import Instances
from service.model.contract.observation import observe_table
from service.model.contract.table_rows import read_columns
from service.model.contract.tables import build_table
from service.model.loading import load_predictor
from service.model.outputs import Outputs
from service.model.pipeline import FittedPipeline
from service.model.plan.plan import Plan, compile_plan
from service.model.prediction.engine import choose_plan
from service.model.prediction.gate import (
    MAX_EDGE_GROUPS,
    DisagreementError,
    check_agreement,
    compare,
)
from service.model.prediction.predictor import Predictor


def outputs(*values: float) -> Outputs:
    return Outputs(values=np.array([values]))


def test_differences_within_the_agreement_are_measured() -> None:
    assert compare(outputs(1.0, 2.0), outputs(1.0, 2.0)) == 0.0
    assert 0 < compare(outputs(0.5), outputs(0.5 + 1e-13)) < 1e-12
    assert compare(outputs(1e9), outputs(1e9 + 1e-4)) < 1e-12


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (outputs(0.5 + 1e-11), "differs by 1e-11"),
        (outputs(float("nan")), "differs by nan"),
        (outputs(0.5, 0.5), "another shape"),
        (Outputs(probabilities=np.array([[0.5]])), "another shape"),
        (Outputs(classes=np.array([1])), "a label differs"),
    ],
)
def test_what_differs_is_refused(found: Outputs, message: str) -> None:
    with pytest.raises(DisagreementError, match=message):
        compare(outputs(0.5), found)


def test_a_label_is_never_another() -> None:
    with pytest.raises(DisagreementError, match="label"):
        compare(Outputs(classes=np.array([0, 1])), Outputs(classes=np.array([0, 0])))


def spoil(predictor: Predictor, fault: Any) -> Any:
    """Ask the plan of a predictor, and let a fault into what it answers."""
    plan = predictor.plan
    assert plan is not None

    def ask(columns: Any) -> Outputs:
        found: Outputs = fault(columns, plan.predict(columns))
        return found

    return ask


@pytest.mark.parametrize(
    "is_hit",
    [
        pytest.param(lambda c: len(c[0]) == 1, id="one alone"),
        pytest.param(lambda c: None in c[1], id="a null"),
        pytest.param(lambda c: any("unseen" in str(v) for v in c[1]), id="unseen"),
        pytest.param(lambda c: any(v and v > 1e300 for v in c[9]), id="huge"),
        pytest.param(lambda c: 1e-300 in c[9], id="tiny"),
        pytest.param(lambda c: any(str(v) == "-0.0" for v in c[9]), id="minus zero"),
    ],
)
def test_a_plan_that_fails_at_an_edge_is_refused(is_hit: Any) -> None:
    predictor = load_predictor(read_artefact(CREDIT))
    contract: Contract = predictor.manifest.contract
    data = read_columns(*_sample())

    def fault(columns: Any, found: Outputs) -> Outputs:
        if not is_hit(columns) or found.probabilities is None:
            return found
        return Outputs(found.classes, found.probabilities + 1e-9)

    check_agreement(predictor.reference, predictor.plan.predict, contract, data)  # type: ignore[union-attr]
    with pytest.raises(DisagreementError):
        check_agreement(predictor.reference, spoil(predictor, fault), contract, data)


def test_a_plan_that_fails_for_one_instance_alone_is_refused() -> None:
    predictor = load_predictor(read_artefact(CREDIT))
    data = read_columns(*_sample())
    one = [values[30] for values in data]

    def fault(columns: Any, found: Outputs) -> Outputs:
        if [list(values) for values in columns] != [[value] for value in one]:
            return found
        assert found.probabilities is not None
        return Outputs(found.classes, found.probabilities + 1e-9)

    with pytest.raises(DisagreementError):
        check_agreement(
            predictor.reference,
            spoil(predictor, fault),
            predictor.manifest.contract,
            data,
        )


def test_a_pipeline_that_looks_at_its_whole_table_keeps_its_plan() -> None:
    X, y = _sample()[0], train.read_data()[1].iloc[:50]
    table = X[["Age", "Time"]].iloc[:50].astype(float)
    pipeline = make_pipeline(
        FunctionTransformer(lambda given: given - np.mean(given, axis=0)),
        StandardScaler(),
        LogisticRegression(),
    ).fit(table.to_numpy(), y)
    contract = observe_table(table.to_numpy())
    data = read_columns(table.to_numpy(), range(50))
    plan = compile_plan(pipeline, contract, data)
    assert plan.uncompiled_steps == ()
    assert (
        check_agreement(FittedPipeline(pipeline), plan.predict, contract, data) < 1e-12
    )


def _sample() -> tuple[Any, list[int]]:
    X, _ = train.read_data()
    return X.dropna().reset_index(drop=True), list(range(50))


def test_hundreds_of_features_are_at_an_edge_in_groups() -> None:
    width = 2 * MAX_EDGE_GROUPS + 1
    table = np.random.default_rng(0).normal(size=(5, width))
    pipeline = LinearRegression().fit(table, table[:, 0])
    contract, data = observe_table(table), read_columns(table, range(5))
    alone: list[list[float]] = []

    def plan(columns: Any) -> Outputs:
        if len(columns[0]) == 1:
            alone.append([value for [value] in columns])
        return FittedPipeline(pipeline).predict(build_table(contract, columns))

    features = tuple(replace(f, minimum=-9, maximum=9) for f in contract.features)
    bounded = replace(contract, features=features)
    check_agreement(FittedPipeline(pipeline), plan, bounded, data)
    assert len(alone) < 6 * MAX_EDGE_GROUPS
    for value in (-9, 9, 0.0):
        most = [row.count(value) for row in alone if 0 < row.count(value) < width]
        assert set(most) == {2, 3}
    assert all(any(row[index] == 9 for row in alone) for index in range(width))


def test_a_pipeline_whose_plan_differs_is_found_out() -> None:
    """A scaler changed behind its attributes: the plan reads what is no longer so."""
    X, _ = _sample()
    table = X[["Age", "Time"]]
    scaler = StandardScaler()
    pipeline = make_pipeline(scaler, LogisticRegression())
    pipeline.fit(table, X["Records"])
    pipeline[0].transform = lambda Z: (np.asarray(Z) - pipeline[0].mean_) / 3.0
    contract = observe_table(table)
    sample = read_columns(table, range(50))
    plan: Plan = compile_plan(pipeline, contract, sample)
    with pytest.raises(DisagreementError):
        check_agreement(FittedPipeline(pipeline), plan.predict, contract, sample)


def test_the_plan_can_be_turned_off() -> None:
    predictor = load_predictor(read_artefact(CREDIT), use_plan=False)
    assert predictor.plan is None
    assert predictor.engine.name == "scikit-learn"
    predictor.prove()


def test_why_a_step_has_no_compiled_form_names_it() -> None:
    table = _sample()[0][["Age", "Time"]].iloc[:50].astype(float)
    y = train.read_data()[1].iloc[:50]
    pipeline = Pipeline([("clf", SVC(kernel=linear_kernel))]).fit(table, y)
    sample = Instances(tuple(read_columns(table, range(50))), 50)
    choice = choose_plan(FittedPipeline(pipeline), observe_table(table), sample)
    assert choice.reason == "step 'clf': SVC has a kernel of its own."


def test_why_a_plan_is_not_used_holds_no_value() -> None:
    predictor = load_predictor(read_artefact(CREDIT), use_plan=False)
    contract = predictor.manifest.contract
    sample = Instances(tuple(["x4111"] for _ in contract.features), 1)
    choice = choose_plan(predictor.reference, contract, sample)
    assert choice.plan is None
    assert "ValueError" in choice.reason
    assert "4111" not in choice.reason
