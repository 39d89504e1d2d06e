"""Score Parquet by a local Spark cluster of two workers: ARTEFACT, IN, OUT."""

import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import struct

from service.batch import spark

artefact, source, out = sys.argv[1:]
session = (
    SparkSession.builder.master("local-cluster[2,1,1024]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .getOrCreate()
)
frame = session.read.parquet(source).repartition(4)
spark.score_frame(frame, artefact, keep=["id"]).write.parquet(f"{out}/frame")
features = [name for name in frame.columns if name != "id"]
answer = spark.build_function(artefact)
scored = frame.select("id", answer(struct(*features)).alias("answer"))
scored.select("id", "answer.*").write.parquet(f"{out}/columns")
session.stop()
