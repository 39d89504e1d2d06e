"""A version made in memory: its files, and the manifest that says what they are."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from service.model.artefact.folder import compute_digest
from service.model.artefact.golden import encode_golden, encode_sample
from service.model.artefact.manifest import (
    FIRST_FORMAT,
    FORMAT,
    GOLDEN,
    PIPELINE,
    SAMPLE,
    SECOND_FORMAT,
    THIRD_FORMAT,
    TORCH,
    Manifest,
    NetworkRecord,
    read_version,
)
from service.model.contract.features import Contract
from service.model.contract.instances import Instances, spread
from service.model.contract.prediction_form import PredictionForm
from service.model.contract.table_rows import count_rows, read_columns
from service.model.drift.histograms import HISTOGRAMS, encode_histograms
from service.model.errors import PackagingError
from service.model.outputs import Outputs
from service.model.packaging.contents import Contents
from service.model.packaging.golden_records import (
    Selection,
    predict_rows,
    select_records,
)
from service.model.packaging.histograms import MAX_REFERENCE_ROWS, build_histograms
from service.model.packaging.labels import is_said_by_names
from service.model.packaging.options import Metadata
from service.model.packaging.training_table import convert_table
from service.model.pipeline import FittedPipeline
from service.model.prediction.batching import MAX_BATCHED_INSTANCES
from service.model.prediction.predictor import name_outputs
from service.model.prediction.rowwise import measure_dependence
from service.model.tolerances import (
    GOLDEN_RECORD,
    SAME_SINGLE,
    SINGLE_GOLDEN_RECORD,
    SINGLE_NEAR_ZERO,
)


class Version(NamedTuple):
    """A manifest, and the files that it lists, by their paths in the artefact."""

    manifest: Manifest
    files: dict[str, bytes]


def make_version(  # noqa: PLR0913 - each is one thing that has been made of it
    reference: FittedPipeline,
    X: Any,
    *,
    metadata: Metadata,
    contract: Contract,
    form: PredictionForm,
    contents: Contents,
    holdout: Any = None,
) -> Version:
    """Make a version of a pipeline that was fitted on `X`, and write nothing.

    Raises PackagingError where the pipeline does not answer that table by the contract.
    """
    selection = select_records(reference, contract, X, form)
    files = {
        PIPELINE: contents.pickled.content,
        **_record_answers(
            reference,
            X,
            contract=contract,
            form=form,
            selection=selection,
            holdout=holdout,
        ),
        **{place: network.content for place, network in contents.networks.items()},
        **contents.code.files,
    }
    is_plain = is_said_by_names(reference, form) and not (
        contents.pickled.embedded or contents.left_out or contract.table == "tensors"
    )
    manifest = Manifest(
        format=_choose_format(contract, metadata, is_plain=is_plain),
        name=metadata.name,
        version=metadata.version,
        task=reference.task.name,
        created=_read_clock(),
        names=form.title_names,
        prediction=None if is_plain else form,
        contract=contract,
        libraries=read_versions(contents.libraries, contract),
        files={path: compute_digest(content) for path, content in files.items()},
        code=tuple(contents.code.modules),
        description=metadata.description,
        metrics=metadata.metrics,
        embedded=contents.pickled.embedded,
        left_out=contents.left_out,
        batch_tolerance=metadata.batch_tolerance,
    )
    if contents.networks or TORCH in contents.libraries:
        rows = spread(selection.rows, MAX_BATCHED_INSTANCES)
        difference = measure_dependence(lambda r: predict_rows(reference, X, r), rows)
        is_single = predict_rows(reference, X, rows[:1]).tolerance == SAME_SINGLE
        manifest = _add_networks(
            manifest, contents, difference, answers_single=is_single
        )
    return Version(manifest, files)


def _add_networks(
    manifest: Manifest,
    contents: Contents,
    batch_difference: float,
    *,
    answers_single: bool,
) -> Manifest:
    """Return the manifest with what it says where there are networks, or skorch's."""
    networks = contents.networks
    is_single = answers_single or any(each.is_single for each in networks.values())
    return replace(
        manifest,
        format=max(manifest.format, THIRD_FORMAT),
        networks={p: NetworkRecord(runtime=n.runtime) for p, n in networks.items()},
        tolerance=SINGLE_GOLDEN_RECORD if is_single else GOLDEN_RECORD,
        absolute_tolerance=SINGLE_NEAR_ZERO if is_single else 0.0,
        batch_difference=batch_difference,
    )


def _choose_format(contract: Contract, metadata: Metadata, *, is_plain: bool) -> int:
    has_names = any(feature.dimensions for feature in contract.features)
    if has_names or metadata.batch_tolerance is not None:
        return FORMAT
    if contract.table == "tensors":
        return THIRD_FORMAT
    return FIRST_FORMAT if is_plain else SECOND_FORMAT


def _record_answers(  # noqa: PLR0913 - each is one thing that has been made of it
    reference: FittedPipeline,
    X: Any,
    *,
    contract: Contract,
    form: PredictionForm,
    selection: Selection,
    holdout: Any,
) -> dict[str, bytes]:
    """Return the files of what the pipeline answers to its training table."""
    rows = spread(selection.rows, MAX_REFERENCE_ROWS)
    outputs = _predict_scores(reference, X, rows, holdout)
    instances = Instances(read_columns(X, rows), len(rows))
    histograms = build_histograms(contract, instances, name_outputs(outputs, form))
    return {
        GOLDEN: encode_golden(selection.golden),
        SAMPLE: encode_sample(selection.sample),
        HISTOGRAMS: encode_histograms(histograms),
    }


def _predict_scores(
    reference: FittedPipeline, X: Any, rows: Sequence[int], holdout: Any
) -> Outputs:
    """Return the answers that drift of the score is measured from."""
    if holdout is None:
        return predict_rows(reference, X, rows)
    holdout = convert_table(holdout)
    is_alike = type(holdout) is type(X) and count_rows(holdout) > 0
    if is_alike and isinstance(X, dict):
        shapes = [{n: a.shape[1:] for n, a in table.items()} for table in (holdout, X)]
        is_alike = shapes[0] == shapes[1]
    elif is_alike and hasattr(X, "columns"):
        is_alike = list(holdout.columns) == list(X.columns)
    elif is_alike:
        is_alike = np.shape(holdout)[1:] == np.shape(X)[1:]
    if not is_alike:
        raise PackagingError("holdout= must be a table like the training table.")
    rows = spread(range(count_rows(holdout)), MAX_REFERENCE_ROWS)
    return predict_rows(reference, holdout, rows)


def _read_clock() -> str:
    """Return the time in UTC; SOURCE_DATE_EPOCH, where set, makes it reproducible."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        now = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    except (ValueError, OverflowError, OSError):
        raise PackagingError(
            f"SOURCE_DATE_EPOCH is {epoch!r}, and must be seconds since 1970."
        ) from None
    return now.isoformat(timespec="seconds")


def read_versions(libraries: list[str], contract: Contract) -> dict[str, str]:
    always = ["python", "scikit-learn", "numpy", "scipy", "joblib"]
    frames = [] if contract.array_dtype else ["pandas"]
    wanted = dict.fromkeys([*always, *frames, *libraries])
    return {library: read_version(library) or "" for library in wanted}
