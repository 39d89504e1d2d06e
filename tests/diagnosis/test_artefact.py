"""What keeps an artefact from being served here, and what makes it slow."""

from pathlib import Path

import pytest
from conftest import Package
from faults import FAULTS, copy_credit, flip_byte, make_other_golden, make_other_library
from pipelines import CREDIT

from service.diagnosis.artefact import examine_artefact


def test_a_good_version_has_nothing_wrong_and_its_steps_are_measured() -> None:
    report = examine_artefact(CREDIT)
    assert (report.about, report.findings) == ("credit-risk 1.0.0", ())
    assert report.engine
    assert report.engine.name == "plan"
    assert [each.type for each in report.steps][-1] == "HistGradientBoostingClassifier"
    assert all(each.is_compiled for each in report.steps)
    lines = list(report.iterate_lines())
    assert "nothing is wrong" in lines[1]
    assert len(lines) == 4 + len(report.steps)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (make_other_library, "scikit-learn 1.8.2 (here: "),
        (lambda folder: flip_byte(folder, "golden.json"), "golden.json in "),
        (FAULTS["a pipeline that does not load"][0], "does not load"),
    ],
)
def test_what_would_not_be_served_is_wrong(
    fault: Package, sentence: str, tmp_path: Path
) -> None:
    report = examine_artefact(fault(copy_credit(tmp_path)))  # type: ignore[arg-type]
    [finding] = report.findings
    assert report.is_wrong
    assert sentence in finding.sentence


def test_what_answers_otherwise_is_measured_all_the_same(tmp_path: Path) -> None:
    report = examine_artefact(make_other_golden(copy_credit(tmp_path)))
    [finding] = report.findings
    assert report.is_wrong
    assert "Golden record 7" in finding.sentence
    assert report.steps


def test_a_model_without_a_plan_is_told(packaged: Package) -> None:
    report = examine_artefact(packaged("moody"))
    sentences = [each.sentence for each in report.findings if each.subject == "engine"]
    assert "scikit-learn itself answers" in sentences[0]
    assert "MoodyRegressor" in sentences[0]
    assert not report.is_wrong


def test_a_model_of_tensors_is_told_of_networks(packaged: Package) -> None:
    [finding] = examine_artefact(packaged("tensors")).findings
    assert finding.sentence.endswith("a network of docs/runtimes.md takes tensors too.")
