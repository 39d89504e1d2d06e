"""Dask: each process of a cluster loads and proves the artefact once."""

from pathlib import Path
from typing import Any

from service.batch.scoring import scorer


def score_frame(frame: Any, artefact: Path | str, **options: Any) -> Any:
    """Return the answers to the rows of a dask frame, by map_partitions.

    The options are those of `scorer`.
    """
    score = scorer(artefact, **options)
    return frame.map_partitions(score, meta=score(frame._meta))
