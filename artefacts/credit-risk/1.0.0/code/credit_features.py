"""The derived feature of the credit model; it travels in the artefact."""

import numpy as np
import pandas as pd


def add_financed_share(applications: pd.DataFrame) -> pd.DataFrame:
    """Add the share of the price to be financed, null where there is no price."""
    price = applications["Price"].where(applications["Price"] > 0, np.nan)
    return applications.assign(FinancedShare=applications["Amount"] / price)
