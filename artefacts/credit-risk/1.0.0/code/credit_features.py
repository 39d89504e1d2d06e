"""The derived feature of the credit model; it travels in the artefact."""

import numpy as np


def compute_financed_share(amounts: np.ndarray) -> np.ndarray:
    """Return the share of the price that is financed, 0 where there is no price.

    Takes columns of amount and price, shape (n, 2), and returns shape (n, 1).
    """
    amount, price = amounts[:, :1], amounts[:, 1:]
    share = np.zeros_like(amount)
    np.divide(amount, price, out=share, where=price > 0)
    return share
