from typing import Any

import numpy as np
import pytest
from exactness import check_parity, load_table, name_case
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.svm import LinearSVC

LOGISTIC = LogisticRegression()
SCORER = make_scorer(f1_score, pos_label="benign")


@pytest.mark.parametrize(
    "estimator",
    [
        FixedThresholdClassifier(LOGISTIC),
        FixedThresholdClassifier(LOGISTIC, threshold=0.2, pos_label="benign"),
        FixedThresholdClassifier(LOGISTIC, threshold=0.2, pos_label="malign"),
        FixedThresholdClassifier(
            LOGISTIC, pos_label="benign", response_method="decision_function"
        ),
        FixedThresholdClassifier(
            LinearSVC(random_state=0), threshold=0.1, pos_label="malign"
        ),
        # Many of its probabilities are at the threshold.
        FixedThresholdClassifier(
            RandomForestClassifier(4, random_state=0), threshold=0.75
        ),
        TunedThresholdClassifierCV(LOGISTIC, cv=2),
        TunedThresholdClassifierCV(LOGISTIC, cv=2, scoring=SCORER),
        TunedThresholdClassifierCV(LinearSVC(random_state=0), cv=2),
    ],
    ids=name_case,
)
def test_the_threshold_is_held_exactly(estimator: Any) -> None:
    X, y = load_table("breast_cancer")
    check_parity(clone(estimator).fit(X, np.array(["malign", "benign"])[y]), X)
