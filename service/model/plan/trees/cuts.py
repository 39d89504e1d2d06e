"""The places of many numbers among sorted cuts, found without a search by halves.

Which half a number is in is a branch that a processor cannot foresee: a search among a
hundred cuts took 40 ns a number, and the plan of the credit model half of its time. A
grid of equal cells that hold a cut each tells the place by arithmetic, in 8 ns.
"""

import numpy as np

# Cells of a grid, of which the first is taken that holds one cut a cell. One of 4,096
# fills the first cache.
CELLS = (256, 1024, 4096)

# Cuts that are compared one by one, in the grid's time.
FEW_CUTS = 3

# Of so few numbers a search takes no longer than the calls for a grid. The rows by
# which the tables are compared with the model are more.
FEW_NUMBERS = 192


class Cuts:
    """Sorted cuts, of which the last is infinite."""

    def __init__(self, cuts: np.ndarray) -> None:
        self._cuts = cuts
        self._few = cuts[:-1].tolist() if len(cuts) <= FEW_CUTS + 1 else None
        self._first: np.ndarray | None = None
        if self._few is None:
            self._lay_grid(cuts[:-1])

    def __len__(self) -> int:
        return len(self._cuts)

    def _lay_grid(self, cuts: np.ndarray) -> None:
        """Choose the grid; there is none where cuts lie too close in one cell."""
        self._low, self._high = cuts[0], cuts[-1]
        for cells in CELLS:
            with np.errstate(over="ignore"):
                self._scale = (cells - 1) / (self._high - self._low)
            if not 0 < self._scale < np.inf:
                return
            found = self._find_cells(cuts)
            if np.bincount(found).max() == 1:
                # Of each cell, how many cuts lie in those before it.
                self._first = found.searchsorted(np.arange(cells))
                return

    def _find_cells(self, numbers: np.ndarray) -> np.ndarray:
        """Return the cells of numbers, which never descend where these do not.

        NaN is in the first.
        """
        within = np.fmax(numbers, self._low)
        np.minimum(within, self._high, out=within)
        within -= self._low
        within *= self._scale
        cells: np.ndarray = within.astype(np.intp)
        return cells

    def find(self, numbers: np.ndarray, *, has_null: bool) -> np.ndarray:
        """Return how many cuts lie below each number; all do below NaN, a null."""
        if len(numbers) <= FEW_NUMBERS:
            return self._cuts.searchsorted(numbers)
        if self._few is not None:
            places = np.zeros(len(numbers), np.intp)
            for cut in self._few:
                places += numbers > cut
        elif self._first is not None:
            places = self._first.take(self._find_cells(numbers))
            places += numbers > self._cuts.take(places)  # the cut in the cell itself
        else:
            return self._cuts.searchsorted(numbers)
        if has_null:
            places[np.isnan(numbers)] = len(self)
        return places
