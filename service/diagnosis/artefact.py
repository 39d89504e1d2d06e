"""An artefact, examined as a start of the service would, and past its first fault."""

from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import orjson
from threadpoolctl import threadpool_limits

from service.diagnosis.engine import CHECKS
from service.diagnosis.facts import EngineFacts
from service.diagnosis.finding import Finding
from service.diagnosis.report import Report
from service.model.artefact.folder import Artefact, verify_artefact
from service.model.artefact.manifest import check_libraries
from service.model.contract.codec import Codec
from service.model.contract.request_limits import UNBOUNDED
from service.model.errors import ArtefactError, NoPlanError
from service.model.loading import load_predictor
from service.model.plan.costs import StepCost, measure_steps
from service.model.prediction.predictor import Predictor
from service.model.unpickling import read_sample

SUBJECT = "artefact"
THOUSAND = 1000


def examine_artefact(folder: Path) -> Report:
    """Return what would keep a version from being served here, or slows it down."""
    try:
        artefact = verify_artefact(folder)
    except ArtefactError as error:
        return Report(str(folder), (refuse(error),))
    manifest = artefact.manifest
    about = f"{manifest.name} {manifest.version}"
    try:
        check_libraries(manifest.libraries)
        with threadpool_limits(1):  # as a worker has it
            return _examine_predictor(about, artefact)
    except ArtefactError as error:
        return Report(about, (refuse(error),))


def refuse(error: ArtefactError) -> Finding:
    """Return the finding of an error, whose sentence says what to do."""
    return Finding("wrong", SUBJECT, str(error))


def _examine_predictor(about: str, artefact: Artefact) -> Report:
    """Load a version, and prove and measure it. Raises ArtefactError."""
    predictor = load_predictor(artefact)
    steps = _measure_steps(artefact, predictor)
    facts = EngineFacts(predictor.engine, artefact.manifest.contract.table, steps)
    findings = [*_prove(predictor)]
    for check in CHECKS:
        findings += check(facts)
    return Report(about, tuple(findings), engine=predictor.engine, steps=tuple(steps))


def _prove(predictor: Predictor) -> Iterator[Finding]:
    try:
        predictor.prove()
    except ArtefactError as error:
        yield refuse(error)


def _measure_steps(artefact: Artefact, predictor: Predictor) -> list[StepCost]:
    """Return what each step costs, none where there is no plan."""
    if predictor.plan is None:
        return []
    contract = artefact.manifest.contract
    sample = read_sample(artefact, predictor.golden)
    golden = [record.instance for record in predictor.golden.records]
    thousand = list(islice(cycle(golden), THOUSAND))
    body = orjson.dumps({"instances": thousand})
    try:
        return measure_steps(
            predictor.reference,
            contract,
            sample.columns,
            Codec(contract, UNBOUNDED).load(body).columns,
            uses_single_path=predictor.plan.uses_single_path,
        )
    except NoPlanError:
        return []
