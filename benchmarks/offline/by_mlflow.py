"""MLflow's function for Spark on two cores: PIPELINE, IN, OUT, and a folder for it."""

import sys

import joblib
import mlflow
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import struct


class Answers(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """The pipeline's probabilities: MLflow asks for labels alone by itself."""

    def load_context(self, context: object) -> None:
        self.fitted = joblib.load(context.artifacts["pipeline"])  # type: ignore[attr-defined]

    def predict(
        self, context: object, model_input: pd.DataFrame, params: object = None
    ) -> pd.DataFrame:
        return pd.DataFrame(
            self.fitted.predict_proba(model_input), columns=["bad", "good"]
        )


def main() -> None:
    pipeline, source, out, folder = sys.argv[1:]
    mlflow.pyfunc.save_model(
        folder, python_model=Answers(), artifacts={"pipeline": pipeline}
    )
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    frame = session.read.parquet(source)
    features = [name for name in frame.columns if name != "id"]
    answer = mlflow.pyfunc.spark_udf(
        session, folder, result_type="struct<bad: double, good: double>"
    )
    scored = frame.select("id", answer(struct(*features)).alias("answer"))
    scored.select("id", "answer.*").write.parquet(out)


if __name__ == "__main__":
    main()
