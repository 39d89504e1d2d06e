"""What answers are called, and whether a manifest's names say it."""

from typing import Any

from service.model.contract.features import is_text
from service.model.contract.prediction_form import PredictionForm
from service.model.errors import PackagingError
from service.model.pipeline import FittedPipeline, check_training_table
from service.model.tasks.naming import Naming


def name_answers(
    reference: FittedPipeline, X: Any, y: Any, labels: Any
) -> PredictionForm:
    """Return the form of a prediction, under the business names."""
    naming = Naming(check_training_table(reference, X), y, labels)
    try:
        form = reference.task.propose_form(naming)
    except ValueError as error:  # the form refuses itself
        raise PackagingError(f"The names of the answers: {error}.") from None
    for part in (form, *form.outputs.values()):
        found = (*part.outputs, *part.labels, *part.names)
        if not all(map(is_text, found)):
            raise PackagingError("The names of the answers must be text.")
    return form


def is_said_by_names(reference: FittedPipeline, form: PredictionForm) -> bool:
    """Return True if the manifest's names say the form, as in its first format."""
    return reference.task.form_names(form.title_names) == form
