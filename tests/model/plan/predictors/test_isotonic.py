from typing import Any

import pytest
from exactness import assert_alike, iterate_batches, load_table
from sklearn.isotonic import IsotonicRegression

from service.model.errors import NoPlanError
from service.model.plan.predictors.isotonic import plan_isotonic


@pytest.mark.parametrize("increasing", [True, False, "auto"])
@pytest.mark.parametrize("rows", [1, 2, 400])
def test_a_curve_is_planned_exactly(rows: int, increasing: Any) -> None:
    X, y = load_table("diabetes")
    column = X[:, 2:3]
    fitted = IsotonicRegression(increasing=increasing, out_of_bounds="clip")
    fitted.fit(column[:rows], y[:rows])
    step = plan_isotonic(fitted)
    for batch in (*iterate_batches(column), fitted.X_thresholds_.reshape(-1, 1)):
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("out_of_bounds", ["nan", "raise"])
def test_a_curve_with_bounds_has_no_plan(out_of_bounds: str) -> None:
    X, y = load_table("diabetes")
    fitted = IsotonicRegression(out_of_bounds=out_of_bounds).fit(X[:, 2], y)
    with pytest.raises(NoPlanError, match="within its bounds"):
        plan_isotonic(fitted)
