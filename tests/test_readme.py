"""What the README and the manual say is so."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import Serve, Served
from flask import Flask
from flask.testing import FlaskClient
from networks import write_linear
from pipelines import CREDIT, ROOT
from service_log import Log
from traffic import TYPICAL

from service.app import create_app
from service.cli.main import main
from service.model.artefact.folder import read_artefact
from service.settings import Settings, variables
from service.web.access import storage
from service.web.access.key_file import Terms, create_key
from service.web.routes.openapi import ERRORS

# In the order in which one reads them.
PAGES = [
    "README.md",
    *(
        f"docs/{name}.md"
        for name in (
            *(
                "packaging",
                "plan",
                "runtimes",
                "gpu",
                "image",
                "deployment",
                "updates",
                "keys-and-limits",
            ),
            *("metrics", "logs", "drift", "settings", "errors", "worker", "client"),
            *("requests", "dialects", "doctor", "page", "offline"),
        )
    ),
]
MANUAL = "\n".join((ROOT / page).read_text() for page in PAGES)

LONGEST_FRONT_PAGE = 150


def read_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", MANUAL, re.M | re.S)


def find_script(word: str) -> str:
    """Return the one Python script with a word in it."""
    [script] = [block for block in read_blocks("python") if word in block]
    return script


def read_table(first_column: str) -> dict[str, str]:
    """Return the rows of the table whose first column is so headed."""
    table = MANUAL.split(f"\n| {first_column} |", 1)[1].split("\n\n", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {row[0].strip("` "): row[1].strip("` |") for row in rows}


def list_anchors(page: str) -> set[str]:
    """Return what GitHub makes of the headings of a page."""
    headings = re.findall("^#+ (.*)", page, re.M)
    return {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("name", [*PAGES, "CONTRIBUTING.md", "benchmarks/README.md"])
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    for target in set(re.findall(r"\]\(([^)]+)\)", page.read_text())):
        path, _, anchor = target.partition("#")
        other = page.parent / path if path else page
        assert other.exists(), target
        assert not anchor or anchor in list_anchors(other.read_text()), target


def test_the_front_page_is_short_and_leads_to_every_other() -> None:
    front = (ROOT / "README.md").read_text()
    assert len(front.splitlines()) <= LONGEST_FRONT_PAGE
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} == {
        page for page in PAGES if f"]({page})" in front
    }


def test_the_front_page_says_of_the_corpus_what_was_measured() -> None:
    plan = (ROOT / "docs/plan.md").read_text()
    front = " ".join((ROOT / "README.md").read_text().split())
    for pattern in (
        r"- (\d+) pipelines:",
        r"- compiled whole: (\d+)",
        r"\| \*\*all\*\* \|.*\| (\d+) \|",
    ):
        [figure] = re.findall(pattern, plan)
        said = {f"[{figure} pipelines]", f"{figure} are compiled", f"{figure} times as"}
        assert any(words in front for words in said), figure
    assert "- refused: 0 " in plan
    assert "- wrong: 0 " in plan


def test_every_setting_stands_in_the_readme() -> None:
    assert list(read_table("variable")) == list(variables())


def name_model(route: str) -> str:
    """Return a route with the words of the manual for the name and the version."""
    return route.replace("credit-risk", "NAME").replace("1.0.0", "VERSION")


def test_every_route_stands_in_the_readme_with_its_scope(app: Flask) -> None:
    routes = {
        rule.rule: f"{next(iter(rule.methods - {'HEAD'}))} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.methods
    }
    told = {name_model(path): name_model(route) for path, route in routes.items()}
    for route in told.values():
        assert f"`{route}`" in MANUAL, route
    listed = {row.split()[1] for row in read_table("route")}
    assert listed == set(told) - {"/docs/<path:name>", "/page/<path:name>"}


def test_every_metric_stands_in_the_readme(served: Served) -> None:
    server = served("credit-risk")
    strange = {**TYPICAL["instance"], "Home": "castle", "Age": 120, "Income": None}
    server.predict([{}])
    server.predict(500 * [strange])  # enough for figures of drift
    text = server.client.get("/metrics").text
    said = re.findall("^# TYPE (.*) .*", text, re.M)
    assert sorted(read_table("metric")) == sorted(said)


def test_every_alert_stands_in_the_readme() -> None:
    rules = (ROOT / "deploy/prometheus/rules.yml").read_text()
    assert list(read_table("alert")) == re.findall(r"- alert: (\w+)", rules)


def test_the_rules_are_given_to_the_operator_as_shown(tmp_path: Path) -> None:
    """By its command, where a kubectl keeps what it is given."""
    [command] = [b for b in read_blocks("shell") if "PrometheusRule" in b]
    kubectl = tmp_path / "kubectl"
    kubectl.write_text('#!/bin/sh\n[ "$3" != apply ] || exec cat\n')
    kubectl.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    rules = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())
    given = yaml.safe_load(done.stdout)
    assert given["kind"] == "PrometheusRule"
    assert given["spec"] == rules


def test_every_error_status_stands_in_the_readme() -> None:
    assert [int(status) for status in read_table("status")] == list(ERRORS)


# A request, and the answer that is shown below it.
REQUESTS = re.findall(
    r"^```sh\n(curl .*?)^```\n\n```(json|text)\n(.*?)^```", MANUAL, re.M | re.S
)


@pytest.mark.parametrize("number", range(6))
def test_a_request_is_answered_as_shown(served: Served, number: int) -> None:
    assert len(REQUESTS) == 6
    curl, form, shown = REQUESTS[number]
    server = served("credit-risk")
    done = subprocess.run(
        ["bash", "-c", curl.replace("http://127.0.0.1:8000", server.url).strip()],
        env={"KEY": server.key, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    if form == "text":
        assert done.stdout == shown
        return
    answer = json.loads(done.stdout)
    assert {**answer, "request_id": ""} == {**json.loads(shown), "request_id": ""}


def test_a_prediction_is_logged_as_shown(client: FlaskClient, log: Log) -> None:
    shown = json.loads(read_blocks("json")[1])
    trace = f"00-{shown['trace_id']}-{shown['span_id']}-01"
    headers = {"traceparent": trace, "X-Request-ID": shown["request_id"]}
    body = {"instances": [TYPICAL["instance"]]}
    client.post("/v1/predict", json=body, headers=headers)
    [line] = log.lines
    measured = {name for name in shown if name == "time" or name.endswith("_ms")}
    assert line.keys() == shown.keys()
    assert {k: v for k, v in line.items() if k not in measured} == {
        k: v for k, v in shown.items() if k not in measured
    }


def test_a_prediction_is_kept_as_shown(serve: Serve, tmp_path: Path) -> None:
    shown = json.loads(read_blocks("json")[2])
    path = tmp_path / "predictions.jsonl"
    server = serve(CREDIT, SERVICE_PREDICTION_LOG=str(path))
    server.predict([TYPICAL["instance"]])
    server.stop()
    line = json.loads((tmp_path / "predictions.0.jsonl").read_text())
    assert list(line) == list(shown)
    assert line["predictions"] == shown["predictions"]
    assert (
        shown["instances"][0].items() - {("...", "...")} <= TYPICAL["instance"].items()
    )


def test_the_training_script_runs_as_shown(tmp_path: Path) -> None:
    script = find_script("load_wine")
    subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    manifest = read_artefact(tmp_path / "artefacts/wine/1.0.0").manifest
    assert manifest.names == ("barolo", "grignolino", "barbera")


def test_a_network_is_packaged_as_shown(tmp_path: Path) -> None:
    table = pd.DataFrame(np.random.default_rng(0).random((50, 3)), columns=[*"abc"])
    table.to_csv(tmp_path / "churn.csv", index=False)
    write_linear(tmp_path / "churn.onnx", np.eye(3)[:, :2], finish="Softmax")
    script = find_script('"churn.onnx"')
    subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    manifest = read_artefact(tmp_path / "artefacts/churn/1.0.0").manifest
    assert manifest.names == ("stays", "leaves")
    assert list(manifest.networks) == ["networks/churn.onnx"]


def test_a_table_is_answered_as_shown(served: Served) -> None:
    pytest.importorskip("pyarrow")
    server = served("credit-risk")
    script = find_script("pa.ipc.new_stream")
    shown = subprocess.run(
        [sys.executable, "-c", script.replace("http://127.0.0.1:8000", server.url)],
        cwd=ROOT,
        env={"KEY": server.key},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "probabilities.bad" in shown
    assert "[1000 rows x 3 columns]" in shown


def test_a_table_is_scored_as_shown() -> None:
    pytest.importorskip("pyarrow")
    script = find_script("import scorer")
    shown = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "probabilities.bad" in shown


def test_tensors_are_packaged_and_answered_as_shown(
    serve: Serve, tmp_path: Path
) -> None:
    subprocess.run(
        [sys.executable, "-c", find_script("load_digits")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    server = serve(tmp_path / "artefacts/digits/1.0.0", WEB_CONCURRENCY="1")
    script = find_script("b64encode").replace("http://127.0.0.1:8000", server.url)
    shown = subprocess.run(
        [sys.executable, "-c", script],
        env={"KEY": server.key},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    first, second = shown.splitlines()
    assert first == second
    assert first.count("'label': ") == 2


@pytest.mark.parametrize(
    "command",
    [
        line
        for block in read_blocks("sh")
        for line in block.splitlines()
        if line.startswith("python -m service")
    ],
)
def test_the_commands_run_as_shown(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that need a shell by one, which takes 2 s of imports, the others here."""
    (tmp_path / "artefacts").symlink_to(ROOT / "artefacts")
    if "|" in command:
        subprocess.run(
            ["bash", "-c", command.replace("python", sys.executable, 1)],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
        )
        return
    monkeypatch.chdir(tmp_path)
    try:
        main(shlex.split(command)[3:])
    except SystemExit as end:
        if end.code:
            raise


def test_keys_are_made_listed_and_revoked_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one session, but for the keys, which are other ones each time."""
    monkeypatch.setenv("SERVICE_API_KEYS_FILE", str(tmp_path / "keys.json"))
    ids: dict[str, str] = {}
    [session] = read_blocks("console")
    for step in session.removeprefix("$ ").split("\n$ "):
        for shown, real in ids.items():
            step = step.replace(shown, real)  # noqa: PLW2901
        command, expected = step.strip().split("\n", 1)
        assert command.startswith("python -m service key ")
        main(shlex.split(command)[3:])
        output = capsys.readouterr().out.strip()
        if " create " in command:
            assert len(output) == len(expected)
            ids[expected.split("_")[1]] = output.split("_")[1]
        else:
            assert output.split() == expected.split()


def test_what_is_left_is_answered_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a key as the manual makes it, 18.5 seconds after a window began."""
    monkeypatch.setattr(storage, "read_seconds", lambda: 6_000_018.5)
    file = tmp_path / "keys.json"
    key = create_key(file, "batch", ("predict",), Terms(instances="1500/minute"))
    app = create_app(Settings(artefact=CREDIT, api_keys_file=file))
    for shown in read_blocks("http"):
        answer = app.test_client().post(
            "/v1/predict",
            json={"instances": 1000 * [TYPICAL["instance"]]},
            headers={"X-API-Key": key},
        )
        status, *headers = shown.strip().splitlines()
        assert status == f"HTTP/1.1 {answer.status}"
        limits = ("RateLimit-Policy", "RateLimit", "Retry-After")
        assert headers == [
            f"{name}: {answer.headers[name]}"
            for name in limits
            if name in answer.headers
        ]


def test_make_serve_prints_a_curl_line_that_works_when_pasted(
    tmp_path: Path,
) -> None:
    """The first command, on a free port, with a key of its own making."""
    # A copy, so that the key it makes is not this checkout's.
    for name in ("Makefile", "gunicorn.conf.py", "requirements.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for name in ("service", "artefacts", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    if not (ROOT / ".venv/serving").exists():
        pytest.skip("the environment was not made by make")
    process = subprocess.Popen(
        ["make", "-o", "requirements.txt", "serve"],
        cwd=tmp_path,
        env={"PORT": "0", "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert process.stdout
    curl = next(line for line in process.stdout if line.startswith("curl "))
    answer = subprocess.run(
        ["bash", "-c", curl], capture_output=True, text=True, check=True
    ).stdout
    assert "predictions" in json.loads(answer)
    next(line for line in process.stdout if '"request"' in line)
    subprocess.run(["pkill", "-TERM", "-g", str(process.pid)], check=True)
    process.stdout.read()
    process.wait(timeout=60)
    process.stdout.close()
