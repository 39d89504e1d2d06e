"""package(): a fitted pipeline becomes a version that can be served."""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from service.model.artefact.folder import (
    compute_digest,
    write_artefact,
)
from service.model.artefact.golden import encode_golden, encode_sample
from service.model.artefact.manifest import (
    FIRST_FORMAT,
    FORMAT,
    GOLDEN,
    PIPELINE,
    SAMPLE,
    Manifest,
    read_version,
)
from service.model.contract.features import Contract, UnknownFields
from service.model.contract.instances import Instances, spread
from service.model.contract.observation import read_columns
from service.model.drift.histograms import HISTOGRAMS, encode_histograms
from service.model.errors import PackagingError
from service.model.outputs import Outputs
from service.model.packaging.code import CodeItem
from service.model.packaging.contents import Contents, collect_contents
from service.model.packaging.edits import FeatureEdit
from service.model.packaging.fresh_process import check_afresh
from service.model.packaging.golden_records import predict_rows, select_records
from service.model.packaging.histograms import MAX_REFERENCE_ROWS, build_histograms
from service.model.packaging.labels import is_said_by_names, name_answers
from service.model.packaging.options import (
    check_metrics,
    check_place,
    check_texts,
    read_extras,
)
from service.model.packaging.progress import Progress
from service.model.packaging.proposal import propose_contract
from service.model.packaging.training_table import convert_table, read_table
from service.model.pipeline import FittedPipeline
from service.model.prediction.predictor import name_outputs


def package(  # noqa: PLR0913 - each is one thing a training script has to say
    pipeline: Any,
    X: Any,
    y: Any = None,
    *,
    name: str,
    version: str,
    labels: Mapping[Any, str] | Sequence[str] | None = None,
    metrics: Mapping[str, float] | None = None,
    code: CodeItem | Iterable[CodeItem] = (),
    description: str = "",
    to: str | Path = "artefacts",
    features: Mapping[str, FeatureEdit] | None = None,
    names: Sequence[str] | None = None,
    unknown_fields: UnknownFields = "reject",
    holdout: Any = None,
    scores: str | None = None,
    std: bool = False,
) -> Path:
    """Write a fitted pipeline to `to/<name>/<version>/` and return that folder.

    `X` is the table it was fitted on, a DataFrame or an array of shape (n, features)
    with `names` for its columns, or a list, a Series or an array of texts, or what is
    answered as one of these; `y` names a regressor's outputs if it is a DataFrame.
    `labels` are the business labels by class, or in the order of `classes_`.
    Of several outputs, `y` names those, too, and `labels` has labels by output.
    `scores="decision"` answers a classifier's decision scores, and `std=True` the
    standard deviation of a regressor that knows it.
    `features` edits the proposed contract, by feature. `code` names the modules that
    the pipeline imports and that are not installed where it is served. `holdout` is a
    table like `X` of rows that it was not fitted on: drift of the score is measured
    from its answers to them, since it may be surer of those that it has seen.

    A fresh process loads what was written and reproduces the golden records before the
    version appears. Raises PackagingError, and its subclass ContractError.
    """
    reference = FittedPipeline(pipeline, read_extras(scores, std=std))
    target = check_place(to, name, version)
    measured = check_metrics({} if metrics is None else metrics)
    check_texts(description, unknown_fields)
    with Progress(f"{name} {version}") as progress:
        progress.begin("reading the training table")
        X = read_table(reference, X)
        progress.begin("asking the pipeline what it takes")
        contract, notes = propose_contract(
            reference, X, names=names, edits=features, unknown_fields=unknown_fields
        )
        contents = collect_contents(pipeline, code)
        for note in (*notes, *contents.iterate_notes()):
            print(note)
        progress.begin("choosing golden records")
        form = name_answers(reference, X, y, labels)
        selection = select_records(reference, contract, X, form)
        rows = spread(selection.rows, MAX_REFERENCE_ROWS)
        outputs = _predict_scores(reference, X, rows, holdout)
        instances = Instances(read_columns(X, rows), len(rows))
        histograms = build_histograms(contract, instances, name_outputs(outputs, form))
        files = {
            PIPELINE: contents.pickled.content,
            GOLDEN: encode_golden(selection.golden),
            SAMPLE: encode_sample(selection.sample),
            HISTOGRAMS: encode_histograms(histograms),
            **contents.code.files,
        }
        is_plain = is_said_by_names(reference, form) and not (
            contents.pickled.embedded or contents.left_out
        )
        manifest = Manifest(
            format=FIRST_FORMAT if is_plain else FORMAT,
            name=name,
            version=version,
            task=reference.task.name,
            created=_read_clock(),
            names=form.title_names,
            prediction=None if is_plain else form,
            contract=contract,
            libraries=_read_versions(contents.libraries, contract),
            files={path: compute_digest(content) for path, content in files.items()},
            code=tuple(contents.code.modules),
            description=description,
            metrics=measured,
            embedded=contents.pickled.embedded,
            left_out=contents.left_out,
        )
        progress.begin("proving the version in a fresh process")
        return _write(manifest, files, contents, target.parent.parent)


def _write(
    manifest: Manifest, files: Mapping[str, bytes], contents: Contents, to: Path
) -> Path:
    """Write the version; with all libraries if it does not answer without some."""
    try:
        return write_artefact(manifest, files, to, check_afresh)
    except PackagingError:
        if not contents.left_out:
            raise
    libraries = contents.leave_nothing_out().libraries
    versions = _read_versions(libraries, manifest.contract)
    whole = replace(manifest, libraries=versions, left_out=())
    return write_artefact(whole, files, to, check_afresh)


def _predict_scores(
    reference: FittedPipeline, X: Any, rows: Sequence[int], holdout: Any
) -> Outputs:
    """Return the answers that drift of the score is measured from."""
    if holdout is None:
        return predict_rows(reference, X, rows)
    holdout = convert_table(holdout)
    is_alike = type(holdout) is type(X) and len(holdout) > 0
    if is_alike and hasattr(X, "columns"):
        is_alike = list(holdout.columns) == list(X.columns)
    elif is_alike:
        is_alike = np.shape(holdout)[1:] == np.shape(X)[1:]
    if not is_alike:
        raise PackagingError("holdout= must be a table like the training table.")
    rows = spread(range(len(holdout)), MAX_REFERENCE_ROWS)
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


def _read_versions(libraries: list[str], contract: Contract) -> dict[str, str]:
    always = ["python", "scikit-learn", "numpy", "scipy", "joblib"]
    frames = [] if contract.array_dtype else ["pandas"]
    wanted = dict.fromkeys([*always, *frames, *libraries])
    return {library: read_version(library) or "" for library in wanted}
