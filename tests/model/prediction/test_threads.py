"""A prediction starts no threads, whatever a part was told of them, and is unchanged.

Each is fitted here, and asked in a process that has but the one thread.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import lightgbm
import pytest
import xgboost
from exactness import load_table, name_case
from pipelines import ROOT
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from service.model.prediction.threads import use_one_thread

ASK = """
import os, sys
import joblib
from service.model.prediction.threads import use_one_thread
pipeline, X, expected = joblib.load(sys.argv[1])
use_one_thread(pipeline)
assert (pipeline.predict_proba(X) == expected).all()
print(len(os.listdir("/proc/self/task")))
"""

QUIET: dict[str, Any] = {"n_estimators": 5, "verbose": -1}

THREADED = [
    lightgbm.LGBMClassifier(**QUIET),
    lightgbm.LGBMClassifier(**QUIET, n_jobs=4),
    lightgbm.LGBMClassifier(**QUIET).set_params(n_jobs=4),
    lightgbm.LGBMClassifier(**QUIET, num_threads=4),
    lightgbm.LGBMClassifier(**QUIET, nthread=4),
    xgboost.XGBClassifier(n_estimators=5, n_jobs=4),
    make_pipeline(StandardScaler(), lightgbm.LGBMClassifier(**QUIET, nthreads=4)),
    CalibratedClassifierCV(lightgbm.LGBMClassifier(**QUIET, n_jobs=4), cv=2),
    FrozenEstimator(lightgbm.LGBMClassifier(**QUIET, num_thread=4)),
]


@pytest.mark.parametrize("estimator", THREADED, ids=name_case)
def test_a_prediction_starts_no_threads(estimator: Any, tmp_path: Path) -> None:
    X, y = load_table("wine")
    is_frozen = isinstance(estimator, FrozenEstimator)
    (estimator.estimator if is_frozen else estimator).fit(X, y)
    path = tmp_path / "fitted.joblib"
    joblib.dump((estimator, X, estimator.predict_proba(X)), path)
    asked = subprocess.run(
        [sys.executable, "-c", ASK, str(path)],
        cwd=ROOT,
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",  # as gunicorn.conf.py has them
            "OPENBLAS_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.stdout == "1\n", asked.stderr


class Follower(BaseEstimator):  # type: ignore[misc]
    """Has no number of threads of its own, and parameters that nobody can read."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def fit(self, X: Any, y: Any) -> "Follower":
        return self

    @property
    def n_jobs(self) -> Any:
        return self.parts[0].n_jobs


def test_a_part_with_odd_parameters_is_passed_through() -> None:
    model = xgboost.XGBClassifier(n_jobs=4)
    use_one_thread(Follower(model))
    assert model.n_jobs == 1
