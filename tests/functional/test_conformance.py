"""What is published holds: schemathesis, against a real server."""

import json
import os
import subprocess
import sys
from pathlib import Path

from conftest import Serve
from pipelines import CREDIT
from server import UNLIMITED

# Drawn in the same order each time, so that what passes once passes again. All but
# predictions are asked for in a few ways only.
CONFIGURATION = """
[generation]
deterministic = true

[[operations]]
include-path = "/v1/predict"
generation.max-examples = 1150

# What a tensor has to be, no schema can say: it must be as long as its shape says, and
# as the others; nor what rows and CSV are. Nor is what a schema refuses always refused.
[[operations]]
include-path-regex = "^/(v2/|invocations$)"
generation.max-examples = 20
warnings = false
checks.positive_data_acceptance.enabled = false
checks.negative_data_rejection.enabled = false

[[operations]]
include-path-regex = "^/v1/models/"
generation.max-examples = 40
"""

# What reads answers that are no JSON, or schemathesis would warn that nothing does. And
# a double beyond 2**53 is refused for an integer, of which no schema can say so.
HOOKS = """
import pyarrow.ipc
import schemathesis


INTEGERS = {"Seniority", "Time", "Age", "Expenses", "Amount", "Price"}


def holds_great_double(value, name=None):
    if isinstance(value, dict):
        return any(holds_great_double(each, key) for key, each in value.items())
    if isinstance(value, list):
        return any(holds_great_double(each, name) for each in value)
    return name in INTEGERS and isinstance(value, float) and abs(value) > 2**53


@schemathesis.hook
def filter_body(_, body):
    return not holds_great_double(body)


@schemathesis.deserializer("application/vnd.apache.arrow.stream")
def read_arrow(_, response):
    return pyarrow.ipc.open_stream(response.content).read_all().to_pylist()


@schemathesis.deserializer("application/jsonlines", "application/x-ndjson")
def read_lines(_, response):
    return response.text
"""


def test_schemathesis_finds_nothing_in_two_thousand_examples(
    serve: Serve, tmp_path: Path
) -> None:
    """Nearly all of its time goes into making them up, so it is no slower over HTTP."""
    # With a shadow, which the route that tells of it needs, and which is asked nothing.
    shadow = {"SERVICE_SHADOW_ARTEFACT": str(CREDIT), "SERVICE_SHADOW_SAMPLE": "0"}
    server = serve(CREDIT, **UNLIMITED, **shadow)
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    (tmp_path / "hooks.py").write_text(HOOKS)
    command = [
        *(str(Path(sys.executable).parent / "schemathesis"), "run"),
        *(f"{server.url}/openapi.json", "--header", f"X-API-Key: {server.key}"),
        *("--continue-on-failure", "--request-timeout", "60"),
        *("--suppress-health-check", "all"),
        *("--report", "json", "--report-json-path", "report.json"),
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["test_cases"]["generated"] >= 2000
    assert report["test_cases"]["errored"] == 0
    assert not [name for name, warned in report["warnings"].items() if warned]
    # Neither a wrong key nor a route that is not there answered in the model's place.
    assert report["valid_rates"]["POST /v1/predict"]["fuzzing"]["accepted"] > 500
