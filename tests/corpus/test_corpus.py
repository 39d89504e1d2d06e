"""Pipelines that people have, served: none is refused, and none answers otherwise.

A part of the corpus, for the whole of it takes minutes: `make corpus`.
"""

import pytest
from sklearn.utils import all_estimators

from corpus.case import Case
from corpus.cases import list_cases
from corpus.estimators import ELSEWHERE, NOT_SERVED
from corpus.verdict import try_case

# Every so many cases.
STEP = 4


def name_case(case: Case) -> str:
    return f"{case.family}: {case.name}"


@pytest.mark.parametrize("case", list_cases()[::STEP], ids=name_case)
def test_a_pipeline_is_served_as_a_notebook_answers(case: Case) -> None:
    verdict = try_case(case, is_timed=False)
    assert verdict.engine != "refused", verdict.because
    assert not verdict.is_wrong, verdict.difference


def test_each_case_has_a_name_of_its_own() -> None:
    names = [name_case(case) for case in list_cases()]
    assert len(set(names)) == len(names)
    assert len(names) >= 250


def test_every_estimator_that_predicts_or_transforms_is_in_the_corpus() -> None:
    names = " ".join(case.name for case in list_cases())
    for name, kind in all_estimators():
        if hasattr(kind, "predict") or hasattr(kind, "transform"):
            assert name in names or name in ELSEWHERE | NOT_SERVED.keys(), name
