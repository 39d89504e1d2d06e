"""Models that bring threads of their own answer after a fork, too."""

from pathlib import Path
from typing import Any

import lightgbm
import pytest
import xgboost
from conftest import Serve
from pipelines import Fitted
from sklearn.datasets import load_wine


@pytest.mark.parametrize(
    ("plan", "model"),
    [
        ("off", lightgbm.LGBMClassifier(n_estimators=5, verbose=-1)),
        ("on", xgboost.XGBClassifier(n_estimators=5, n_jobs=4)),
    ],
)
def test_workers_forked_after_the_model_was_asked_answer(
    plan: str, model: Any, serve: Serve, tmp_path: Path
) -> None:
    X, y = load_wine(return_X_y=True, as_frame=True)
    folder = Fitted("booster", model.fit(X, y), X, y).package(tmp_path)
    server = serve(folder, SERVICE_PLAN=plan)
    answer = server.predict(X[:3].to_dict("records")).json()
    answered = [list(p["probabilities"].values()) for p in answer["predictions"]]
    assert answered == model.predict_proba(X[:3]).tolist()
