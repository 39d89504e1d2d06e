import math
import re

from flask import Flask
from pipelines import ROOT

from service.update.counts import PREDICT, is_prediction, move_up


def test_a_distribution_is_moved_up_by_a_bound() -> None:
    assert move_up({1.0: 3.0, 2.5: 2.0, math.inf: 1.0}) == {
        1.0: 0.0,
        2.5: 3.0,
        math.inf: 3.0,
    }
    assert move_up({}) == {}


def test_predictions_are_counted_whatever_route_they_were_asked_by(app: Flask) -> None:
    """And the alerts, the dashboard and nginx name those routes, too."""
    rules = [*app.url_map.iter_rules()]
    asked = {rule.rule for rule in rules if "POST" in (rule.methods or ())}
    assert len(asked) > 1
    assert {rule.rule for rule in rules if is_prediction(rule.rule)} == asked
    for file in ("prometheus/rules.yml", "grafana/model-service.json"):
        assert PREDICT.pattern in (ROOT / "deploy" / file).read_text()
    nginx = (ROOT / "deploy/nginx.conf").read_text()
    [location] = re.findall('location ~ "(.*)"', nginx)
    assert all(re.search(location, route) for route in asked)
