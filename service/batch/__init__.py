"""Offline scoring: files and tables of any size, with the answers of a request.

It knows no HTTP. In the order in which one reads them:

arrow.py          pyarrow, which need not be installed
plain_types.py    Arrow types that hold plain values otherwise
columns.py        which columns of a table are asked about, carried along or refused
answers.py        predictions as an Arrow table, with what was noticed of each row
piece.py          a part of an input, which one process scores
loaded_model.py   a model as a process has loaded it, once
scoring.py        the scorer: a table in, a table of answers out, on any engine
parquet_source.py Parquet files
csv_rows.py       where rows of CSV begin and end
csv_source.py     CSV files
arrow_source.py   Arrow IPC files
inputs.py         files, folders and globs as files in order
work_folder.py    the private folder beside the output: what is scored already
worker.py         one of the processes that score pieces
output_file.py    the output, Parquet or CSV, written whole
progress.py       how far a run is, for a terminal or a log
score_order.py    what is to be scored, checked as far as it can be before
score_manifest.py what was scored by what, beside the output
score_job.py      a whole run: inputs to an output, by several processes
spark.py          Spark: mapInArrow, and a column function
dask.py           Dask: map_partitions
ray.py            Ray Data: map_batches with a pool of actors
"""

from service.batch.scoring import scorer

__all__ = ["scorer"]
