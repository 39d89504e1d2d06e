import math

from service.update.counts import move_up


def test_a_distribution_is_moved_up_by_a_bound() -> None:
    assert move_up({1.0: 3.0, 2.5: 2.0, math.inf: 1.0}) == {
        1.0: 0.0,
        2.5: 3.0,
        math.inf: 3.0,
    }
    assert move_up({}) == {}
