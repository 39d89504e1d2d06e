"""Ray Data: a pool of actors, each of which loads and proves the artefact once."""

from pathlib import Path
from typing import Any

from service.batch.piece import ROWS_AT_A_TIME
from service.batch.scoring import Scorer, scorer


class ScoringActor:
    """Answers the batches that it is given."""

    def __init__(self, score: Scorer) -> None:
        self._score = score
        score.load()

    def __call__(self, table: Any) -> Any:
        """Return the answers to a batch, an Arrow table."""
        return self._score(table)


def score_dataset(
    dataset: Any, artefact: Path | str, *, actors: int, **options: Any
) -> Any:
    """Return the answers to the rows of a dataset, by map_batches.

    The options are those of `scorer`.
    """
    return dataset.map_batches(
        ScoringActor,
        fn_constructor_args=(scorer(artefact, **options),),
        batch_format="pyarrow",
        batch_size=ROWS_AT_A_TIME,
        concurrency=actors,
    )
