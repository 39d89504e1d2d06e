"""Score Parquet by a local Ray cluster with two actors: ARTEFACT, IN, OUT."""

import sys

import ray

from service.batch import ray as engine

artefact, source, out = sys.argv[1:]
# An actor takes a core, and so does what reads and writes.
ray.init(num_cpus=3, include_dashboard=False, object_store_memory=200 * 2**20)
dataset = ray.data.read_parquet(source)
scored = engine.score_dataset(dataset, artefact, actors=2, keep=["id"])
scored.write_parquet(f"{out}/frame")
ray.shutdown()
