"""Spark: each Python process of an executor loads and proves the artefact once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql.functions import pandas_udf
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from service.batch.arrow import pa
from service.batch.scoring import scorer


def score_frame(frame: DataFrame, artefact: Path | str, **options: Any) -> DataFrame:
    """Return the answers to the rows of a frame, by mapInArrow.

    The options are those of `scorer`.
    """
    score = scorer(artefact, **options)
    answers = score.describe(to_arrow_schema(frame.schema))
    return frame.mapInArrow(score.score_batches, from_arrow_schema(answers))


def build_function(artefact: Path | str, **options: Any) -> Any:
    """Return a function of columns: from a struct of features to one of answers."""
    score = scorer(artefact, **options)

    def answer(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        yield from map(score, frames)

    return pandas_udf(answer, from_arrow_schema(score.describe(pa.schema([]))))
