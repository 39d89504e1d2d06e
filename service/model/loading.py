"""From a verified artefact to a predictor that has chosen how it answers."""

from typing import Any

from service.model.artefact.folder import Artefact
from service.model.artefact.golden import refuse_unanswered
from service.model.artefact.manifest import Manifest
from service.model.contract.features import Contract
from service.model.contract.instances import Instances
from service.model.errors import (
    GoldenMismatchError,
    NetworkLoadError,
    NotExplainedError,
)
from service.model.explanation.explainer import Explainer, build_explainer
from service.model.prediction.batching import Batcher
from service.model.prediction.engine import (
    SCIKIT_LEARN,
    PlanChoice,
    build_ask,
    choose_plan,
    measure_engine,
)
from service.model.prediction.predictor import Predictor, build_answer
from service.model.prediction.rowwise import find_dependence
from service.model.runtimes.device import find_device
from service.model.runtimes.estimator import NetworkEstimator
from service.model.tolerances import SAME_ANSWER, SAME_SINGLE
from service.model.unpickling import Loaded, refuse_network, unpickle_artefact


def load_predictor(artefact: Artefact, *, use_plan: bool = True) -> Predictor:
    """Load the pipeline of a verified artefact, and choose how it answers.

    Raises PipelineLoadError or another ArtefactError, whatever is wrong with it.
    """
    loaded, contract = unpickle_artefact(artefact), artefact.manifest.contract
    tolerance = _choose_bound(artefact.manifest)
    reference, sample = loaded.reference, loaded.sample
    try:
        choice = choose_plan(reference, contract, sample) if use_plan else PlanChoice()
        ask = build_ask(reference, contract, choice.plan)
        engine = measure_engine(
            choice,
            ask,
            sample,
            itself=_name_itself(reference.pipeline),
            tolerance=tolerance,
        )
        device = find_device()
        if device is not None:
            device.joins = not find_dependence(ask, sample.columns, tolerance)
    except NetworkLoadError as error:
        raise refuse_network(artefact.manifest, error) from None
    except (Exception, SystemExit) as error:
        raise GoldenMismatchError(refuse_unanswered(error)) from error
    answer = build_answer(ask, loaded.form)
    explainer, not_explained_because = _explain(loaded, contract, choice)
    return Predictor(
        manifest=artefact.manifest,
        digest=artefact.digest,
        golden=loaded.golden,
        histograms=loaded.histograms,
        form=loaded.form,
        reference=reference,
        plan=choice.plan,
        engine=engine,
        batcher=Batcher(answer) if engine.is_batching else None,
        answer=answer,
        typical=Instances(tuple(values[:1] for values in sample.columns), 1),
        explainer=explainer,
        not_explained_because=not_explained_because,
        device=device,
    )


def _choose_bound(manifest: Manifest) -> float:
    """Return how far an instance may be answered together otherwise than alone."""
    if manifest.batch_tolerance is not None:
        return manifest.batch_tolerance
    is_single = manifest.absolute_tolerance > 0
    return SAME_SINGLE if is_single else SAME_ANSWER


def _name_itself(pipeline: Any) -> str:
    """Return what answers where there is no plan."""
    is_network = isinstance(pipeline, NetworkEstimator)
    return pipeline.network.runtime if is_network else SCIKIT_LEARN


def _explain(
    loaded: Loaded, contract: Contract, choice: PlanChoice
) -> tuple[Explainer | None, str]:
    """Return the explainer of a model, or why it has none."""
    if choice.plan is None:
        return None, f"Only a plan is explained. {choice.reason}"
    start = len(loaded.golden.records)  # behind these lies the training table
    columns = tuple(values[start:] for values in loaded.sample.columns)
    sample = Instances(columns, loaded.sample.count - start)
    try:
        return build_explainer(loaded.reference, contract, loaded.form, sample), ""
    except NotExplainedError as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001 - whatever is wrong, it is only left out
        return None, f"Explaining the sample ended in a {type(error).__name__}."
