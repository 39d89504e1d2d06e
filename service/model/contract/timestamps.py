"""Dates and date-times of a request, read as the dtype that they were fitted in."""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

# Stands for the dtype of a column of objects, each a datetime.date.
DAYS = "date"

# Reading the name of a dtype takes as long as ten small arrays.
read_dtype = lru_cache(maxsize=256)(pd.api.types.pandas_dtype)


def read_timestamp(text: str, dtype: str) -> pd.Timestamp:
    """Read ISO 8601 text as a Timestamp of a datetime64 dtype, or of days, exactly.

    Raises ValueError where the text is no date, carries an offset that the dtype does
    not, is finer than its unit or out of its range, or leaves the years 1 to 9999.
    """
    parsed = read_dtype("datetime64[s]" if dtype == DAYS else dtype)
    stamp = pd.Timestamp(text)
    if dtype == DAYS and stamp != stamp.normalize():
        raise ValueError("a day has no time")
    if isinstance(parsed, pd.DatetimeTZDtype):
        try:
            stamp = stamp.tz_convert(parsed.tz).as_unit(parsed.unit, round_ok=False)
        except NotImplementedError as error:  # pandas, of the year 10000
            raise ValueError(str(error)) from None
    elif stamp.tzinfo is not None:
        raise ValueError("the text carries an offset and the column has none")
    else:
        unit: Any = np.datetime_data(parsed)[0]
        stamp = stamp.as_unit(unit, round_ok=False)
    if not 1 <= stamp.year <= 9999:
        raise ValueError("the year is beyond four digits")
    return stamp
