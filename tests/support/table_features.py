"""Steps of somebody's own, for an artefact: one looks at its whole table."""

import pandas as pd


def count_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Return how large a share of this very table has each text."""
    return table.apply(lambda column: column.map(column.value_counts(normalize=True)))


def count_letters(table: pd.DataFrame) -> pd.DataFrame:
    """Return how long each text is."""
    return table.apply(lambda column: column.str.len())
