"""What was scored by what: the manifest beside an output."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from service.batch.score_order import FORMAT, CheckedOrder
from service.batch.work_folder import Report
from service.model.drift.figures import measure_drift
from service.model.drift.tally import Tally
from service.model.prediction.predictor import Predictor


class Counts:
    """Counts the rows of each input, and the drift of all."""

    def __init__(self, predictor: Predictor, files: int) -> None:
        self._histograms = predictor.histograms
        self._tally = Tally(predictor.histograms) if predictor.histograms else None
        self._cells = np.zeros(self._tally.width if self._tally else 0, np.int64)
        self.rows = [0] * files
        self.rejected = [0] * files
        self.warned = self.resumed = 0

    def add(self, file: int, report: Report, *, is_new: bool) -> None:
        """Count what came of a piece."""
        self.rows[file] += report.rows
        self.rejected[file] += report.rejected
        self.warned += report.warned
        self.resumed += 0 if is_new else report.rows
        self._cells += np.array(report.cells, np.int64)

    def measure(self, minimum_count: int) -> dict[str, Any] | None:
        """Return the drift of the answered rows, None without histograms."""
        if self._histograms is None or self._tally is None:
            return None
        cells: Sequence[Sequence[int]] = self._tally.split(self._cells.tolist())
        return asdict(measure_drift(self._histograms, cells, max(minimum_count, 1)))


def describe_run(
    checked: CheckedOrder, counts: Counts, seconds: float
) -> dict[str, Any]:
    """Return what was scored by what."""
    predictor, order = checked.predictor, checked.order
    manifest = predictor.manifest
    rows, rejected = sum(counts.rows), sum(counts.rejected)
    return {
        "format": FORMAT,
        "artefact": {
            "name": manifest.name,
            "version": manifest.version,
            "digest": predictor.digest,
        },
        "output": checked.out.name,
        "shard": None if order.shard[1] == 1 else order.shard,
        "inputs": [
            {"file": str(path), "bytes": size, "rows": read, "rejected": refused}
            for path, size, read, refused in zip(
                checked.paths, checked.sizes, counts.rows, counts.rejected, strict=True
            )
        ],
        "rows": rows,
        "answered": rows - rejected,
        "rejected": rejected,
        "with_warnings": counts.warned,
        "resumed": counts.resumed,
        "drift": counts.measure(order.minimum_count),
        "seconds": round(seconds, 3),
        "run": checked.digest,
    }
