"""The one line that people write, on all cores: PIPELINE, IN, OUT."""

import sys
from itertools import pairwise

import joblib
import numpy as np
import pandas as pd


def main() -> None:
    pipeline, source, out = sys.argv[1:]
    fitted, frame = joblib.load(pipeline), pd.read_parquet(source)
    cores = joblib.cpu_count()
    edges = np.linspace(0, len(frame), cores + 1).astype(int)
    features = frame.drop(columns="id")
    found = joblib.Parallel(n_jobs=cores)(
        joblib.delayed(fitted.predict_proba)(features[start:end])
        for start, end in pairwise(edges)
    )
    answers = pd.DataFrame(np.vstack(found), columns=fitted.classes_)
    answers.insert(0, "id", frame["id"])
    answers.to_parquet(out)


if __name__ == "__main__":
    main()
