"""What is found of an engine, by its own measurements."""

from dataclasses import replace
from email.message import Message
from typing import Any

import msgspec
import pytest

from service.diagnosis.engine import CHECKS
from service.diagnosis.facts import EngineFacts
from service.diagnosis.inquiry import Inquiry
from service.model.plan.costs import StepCost
from service.model.prediction.engine import SCIKIT_LEARN, Engine
from service.model.prediction.rowwise import NOT_ROW_WISE
from service.update.addresses import HttpAnswer

GOOD = Engine("plan", "", (), 0.0, False, "", 30.0, 20.0)
FAST = StepCost("scaler", "StandardScaler", True, 3.0, 40.0)
SLOW = StepCost("columns__words", "Words", False, 900.0, 9000.0)


def examine(facts: EngineFacts) -> list[str]:
    found = [finding for check in CHECKS for finding in check(facts)]
    assert all(each.level == "advice" for each in found)
    return [each.sentence for each in found]


def test_of_a_compiled_pipeline_nothing_is_found() -> None:
    assert examine(EngineFacts(GOOD, steps=[FAST, FAST])) == []


def test_a_step_that_runs_as_itself_is_named_with_its_share() -> None:
    engine = replace(GOOD, uncompiled_steps=("Words", "Words"), reason="No form.")
    uncompiled, heavy = examine(EngineFacts(engine, steps=[FAST, SLOW]))
    assert uncompiled.startswith("Words runs as scikit-learn itself (No form):")
    assert "Words in the step 'columns__words' takes 900 microseconds" in heavy
    assert "100% of all: use what docs/plan.md says" in heavy


def test_a_compiled_step_that_is_large_is_to_be_smaller() -> None:
    step = replace(SLOW, is_compiled=True)
    [sentence] = examine(EngineFacts(GOOD, steps=[FAST, step]))
    assert sentence.endswith("use something smaller.")


def test_of_a_network_the_page_of_runtimes_is_named() -> None:
    step = replace(SLOW, type="NetworkRegressor", is_compiled=True)
    [sentence] = examine(EngineFacts(GOOD, steps=[FAST, step]))
    assert sentence.endswith(
        "a smaller network, or a faster runtime of docs/runtimes.md."
    )


def test_of_tensors_no_plan_is_advised() -> None:
    """None of their models has one."""
    engine = replace(GOOD, name=SCIKIT_LEARN, reason="There is no plan: tensors.")
    [sentence] = examine(EngineFacts(engine, "tensors"))
    assert "(There is no plan: tensors): where that is too slow, a network" in sentence
    [sentence] = examine(EngineFacts(engine))
    assert "docs/plan.md" in sentence


@pytest.mark.parametrize("contract", [{}, {"features": [], "table": "tensors"}])
def test_a_server_says_what_its_model_takes(contract: dict[str, Any]) -> None:
    page = msgspec.json.encode({"engine": GOOD, "contract": contract, "name": "x"})
    answer = HttpAnswer(200, Message(), page)
    found = Inquiry("http://127.0.0.1", answer, None, model=answer).read_engine()
    assert found == EngineFacts(GOOD, contract.get("table", "frame"))


def test_requests_that_are_predicted_alone_say_why() -> None:
    engine = replace(GOOD, not_batched_because=NOT_ROW_WISE, microseconds_alone=2020.0)
    [sentence] = examine(EngineFacts(engine))
    assert "at 2,000 microseconds more for each (Instances are answered" in sentence
