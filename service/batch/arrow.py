"""pyarrow, of the extra `arrow`, from which all modules here import it."""

from service.model.errors import DataFileError

__all__ = ["compute", "csv", "ipc", "pa", "pq", "require_arrow"]

try:
    import pyarrow as pa
    from pyarrow import compute, csv, ipc
    from pyarrow import parquet as pq
except ModuleNotFoundError:
    pa = compute = csv = ipc = pq = None


def require_arrow() -> None:
    """Raise DataFileError where there is no pyarrow."""
    if pa is None:
        raise DataFileError(
            "Scoring tables needs pyarrow: install requirements-arrow.txt."
        )
