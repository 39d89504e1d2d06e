"""What the pipeline of the mixed table computes; it travels in the artefact."""

import pandas as pd


def elapse(dates: pd.DataFrame) -> pd.DataFrame:
    """Return the days since 1970 of naive and of zoned columns, a null as NaN."""
    return dates.apply(lambda column: pd.to_datetime(column, utc=True)).apply(
        lambda column: (column - pd.Timestamp(0, tz="UTC")) / pd.Timedelta("1D")
    )


def to_floats(numbers: pd.DataFrame) -> pd.DataFrame:
    """Return every column as float64, a null as NaN."""
    return numbers.astype("float64")
