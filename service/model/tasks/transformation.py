"""Transformers alone: an embedding, principal components, any named numbers."""

from typing import Any

from service.model.contract.prediction_form import PredictionForm
from service.model.errors import PackagingError
from service.model.outputs import Outputs
from service.model.tasks.naming import Naming, read_labels
from service.model.tasks.task import Task

# As many numbers as the widest embeddings have; an answer in JSON has each by name.
MAX_VALUES = 4096

# How many of them drift and metrics watch: of components, the first are the largest.
MAX_WATCHED = 16


class Transformation(Task):
    """What transform gives, by name."""

    name = "transformation"

    @staticmethod
    def has(pipeline: Any) -> bool:
        return hasattr(pipeline, "transform") and not hasattr(pipeline, "predict")

    def ask(self, table: Any) -> Outputs:
        [numbers] = self.methods.call(table, "transform")
        return Outputs(values=read_rows(numbers))

    def propose_form(self, naming: Naming) -> PredictionForm:
        count = naming.width
        if not 1 <= count <= MAX_VALUES:
            raise PackagingError(
                f"A transformer may give 1 to {MAX_VALUES} numbers, and not {count}."
            )
        named = self._read_names(count)
        names = named if naming.labels is None else read_labels(named, naming.labels)
        watched = MAX_WATCHED if count > MAX_WATCHED else 0
        return PredictionForm(group="values", names=names, watched=watched)

    def _read_names(self, count: int) -> tuple[str, ...]:
        """Return the names that the pipeline has for its numbers, or x0, x1, ..."""
        try:
            found = tuple(map(str, self.methods.pipeline.get_feature_names_out()))
        except Exception:  # noqa: BLE001 - not all steps have some
            found = ()
        return found if len(found) == count else tuple(f"x{i}" for i in range(count))


def read_rows(numbers: Any) -> Any:
    """Return what a transformer gave as rows of numbers. Raises PackagingError."""
    is_table = not isinstance(numbers, list) and numbers.ndim == 2
    if not is_table or numbers.dtype.kind not in "fiub":
        raise PackagingError("A transformer alone must give a table of numbers.")
    return numbers
