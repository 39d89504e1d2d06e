"""A prediction starts no threads, whatever a part was told of them, and is unchanged.

Each is fitted here, and asked in a process that has but the one thread: a fork of one
that has done no more than to import what it takes.
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
import os, sys, traceback
import joblib, lightgbm, pandas, sklearn.calibration, sklearn.pipeline, xgboost
from service.model.prediction.threads import use_one_thread

def ask(path):
    pipeline, X, expected = joblib.load(path)
    use_one_thread(pipeline)
    assert (pipeline.predict_proba(X) == expected).all()
    print(os.path.basename(path), len(os.listdir("/proc/self/task")), flush=True)

for path in sys.argv[1:]:
    if os.fork():
        os.wait()
        continue
    try:
        ask(path)
    except Exception:
        traceback.print_exc()
    os._exit(0)
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


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], str]:
    """The lines that were printed of all, by their numbers, and the errors."""
    folder = tmp_path_factory.mktemp("threaded")
    paths = [folder / str(number) for number in range(len(THREADED))]
    for estimator, path in zip(THREADED, paths, strict=True):
        save_fitted(estimator, path)
    done = subprocess.run(
        [sys.executable, "-c", ASK, *map(str, paths)],
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
    return done.stdout.splitlines(), done.stderr


def save_fitted(estimator: Any, path: Path) -> None:
    X, y = load_table("wine")
    is_frozen = isinstance(estimator, FrozenEstimator)
    (estimator.estimator if is_frozen else estimator).fit(X, y)
    joblib.dump((estimator, X, estimator.predict_proba(X)), path)


@pytest.mark.parametrize(
    "number", range(len(THREADED)), ids=[name_case(each) for each in THREADED]
)
def test_a_prediction_starts_no_threads(
    number: int, answers: tuple[list[str], str]
) -> None:
    lines, errors = answers
    assert f"{number} 1" in lines, errors


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
