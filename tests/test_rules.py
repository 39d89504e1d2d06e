"""The rules of Prometheus, by promtool: each alert is raised where it should, alone."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_server import DEPLOY, find_program, write_configuration

RULES = (DEPLOY / "rules.yml").read_text()
ALERTS = {
    rule["alert"]: rule
    for group in yaml.safe_load(RULES)["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
BOUND = re.compile(r"\s(==|<|>)\s")


def run_promtool(*arguments: Any) -> subprocess.CompletedProcess[str]:
    program = find_program("promtool")
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_configuration_and_rules_are_read(tmp_path: Path) -> None:
    configuration = write_configuration(tmp_path, "a key", "127.0.0.1:8000")
    done = run_promtool("check", "config", configuration)
    assert done.returncode == 0, done.stderr
    done = run_promtool("check", "rules", "--lint-fatal", DEPLOY / "rules.yml")
    assert done.returncode == 0, done.stderr


def test_the_rules_do_what_their_tests_say() -> None:
    done = run_promtool("test", "rules", DEPLOY / "rules.test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def never(rule: dict[str, Any]) -> None:
    rule["expr"] = "vector(1) == 0"


def always(rule: dict[str, Any]) -> None:
    unbounded, *bound = BOUND.split(rule["expr"], 1)
    rule["expr"] = unbounded if bound else "vector(1)"


def unguarded(rule: dict[str, Any]) -> None:
    rule["expr"] = rule["expr"].split(" and ")[0]


def at_once(rule: dict[str, Any]) -> None:
    rule["for"] = "0s"


CHANGES = [
    (change, alert)
    for alert, rule in ALERTS.items()
    for change in (never, always, unguarded, at_once)
    if change is not at_once or "for" in rule
    if change is not unguarded or " and " in rule["expr"]
]


def is_about(test: dict[str, Any], alert: str) -> bool:
    """Return True if it expects something of that alert; all others take their time."""
    return alert in {each["alertname"] for each in test.get("alert_rule_test", ())}


@pytest.mark.parametrize(("change", "alert"), CHANGES)
def test_the_tests_see_an_alert_that_is_wrong(
    change: Callable[[dict[str, Any]], None], alert: str, tmp_path: Path
) -> None:
    rules = yaml.safe_load(RULES)
    [rule] = [r for g in rules["groups"] for r in g["rules"] if r.get("alert") == alert]
    change(rule)
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    tests = yaml.safe_load((DEPLOY / "rules.test.yml").read_text())
    tests["tests"] = [each for each in tests["tests"] if is_about(each, alert)]
    (tmp_path / "rules.test.yml").write_text(yaml.safe_dump(tests))
    done = run_promtool("test", "rules", tmp_path / "rules.test.yml")
    assert done.returncode == 1
    assert f"alertname: {alert}" in done.stdout + done.stderr
