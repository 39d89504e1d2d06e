"""package(): a fitted pipeline becomes a version that can be served."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from service.model.artefact.folder import write_artefact
from service.model.contract.features import UnknownFields
from service.model.errors import PackagingError
from service.model.packaging.code import CodeItem
from service.model.packaging.contents import Contents, collect_contents
from service.model.packaging.edits import FeatureEdit
from service.model.packaging.fresh_process import check_afresh
from service.model.packaging.labels import name_answers
from service.model.packaging.networks import check_order, hold_network
from service.model.packaging.options import (
    check_place,
    check_unknown_fields,
    read_extras,
    read_metadata,
)
from service.model.packaging.progress import Progress
from service.model.packaging.proposal import propose_contract
from service.model.packaging.training_table import read_table
from service.model.packaging.version import Version, make_version, read_versions
from service.model.pipeline import FittedPipeline


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
    batch_tolerance: float | None = None,
) -> Path:
    """Write a fitted pipeline to `to/<name>/<version>/` and return that folder.

    `pipeline` may also be the path of a network's file, such as `churn.onnx`.
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
    `batch_tolerance` is how far an answer may lie from that to the same row alone where
    requests are predicted together; 0 asks for equal bits.

    A fresh process loads what was written and reproduces the golden records before the
    version appears. Raises PackagingError, and its subclass ContractError.
    """
    pipeline = hold_network(pipeline, labels)
    reference = FittedPipeline(pipeline, read_extras(scores, std=std))
    target = check_place(to, name, version)
    metadata = read_metadata(name, version, description, metrics, batch_tolerance)
    check_unknown_fields(unknown_fields)
    with Progress(f"{name} {version}") as progress:
        progress.begin("reading the training table")
        X = read_table(reference, X)
        check_order(reference, X)
        progress.begin("asking the pipeline what it takes")
        contract, notes = propose_contract(
            reference, X, names=names, edits=features, unknown_fields=unknown_fields
        )
        contents = collect_contents(pipeline, code)
        for note in (*notes, *contents.iterate_notes()):
            print(note)
        progress.begin("choosing golden records")
        form = name_answers(reference, X, y, labels)
        made = make_version(
            reference,
            X,
            metadata=metadata,
            contract=contract,
            form=form,
            contents=contents,
            holdout=holdout,
        )
        progress.begin("proving the version in a fresh process")
        return _write(made, contents, target.parent.parent)


def _write(version: Version, contents: Contents, to: Path) -> Path:
    """Write a version; with all libraries if it does not answer without some."""
    manifest, files = version
    try:
        return write_artefact(manifest, files, to, check_afresh)
    except PackagingError:
        if not contents.left_out:
            raise
    libraries = contents.leave_nothing_out().libraries
    versions = read_versions(libraries, manifest.contract)
    whole = replace(manifest, libraries=versions, left_out=())
    return write_artefact(whole, files, to, check_afresh)
