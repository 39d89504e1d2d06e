"""Score Parquet by a local dask cluster of two processes: ARTEFACT, IN, OUT."""

import sys

import dask.dataframe
from distributed import Client, LocalCluster

from service.batch import dask as engine

if __name__ == "__main__":
    artefact, source, out = sys.argv[1:]
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster),
    ):
        frame = dask.dataframe.read_parquet(source).repartition(npartitions=4)
        scored = engine.score_frame(frame, artefact, keep=["id"])
        scored.to_parquet(f"{out}/frame")
