"""Clients that nobody here wrote, each in a process of its own, against the service.

They go by their servers' protocols, and give back what they made of the answers: these
have to be the golden record's, to the last bit.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Serve
from pipelines import CREDIT
from referees.environment import prepare_environment
from server import UNLIMITED, Server

CLIENTS = Path(__file__).parent / "clients"

# tritonclient has no way to say that a text is missing.
RECORDS = [
    record
    for record in json.loads((CREDIT / "golden.json").read_text())["records"]
    if None not in record["instance"].values()
][:20]
ROWS = [record["instance"] for record in RECORDS]
WRONG = [ROWS[0], {**ROWS[1], "Age": 17}]

GOLDEN = {
    "label": [record["prediction"]["label"] for record in RECORDS],
    **{
        f"probabilities.{name}": [
            record["prediction"]["probabilities"][name] for record in RECORDS
        ]
        for name in RECORDS[0]["prediction"]["probabilities"]
    },
}


@pytest.fixture(scope="module")
def programs() -> Path:
    return prepare_environment()


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    return serve_module(CREDIT, **UNLIMITED)


def ask(programs: Path, client: str, server: Server) -> dict[str, Any]:
    """Return the `answers`, `faults` and `states` that a client tells of."""
    case = {
        **{"url": server.url, "key": server.key},
        **{"model": "credit-risk", "version": "1.0.0"},
        **{"rows": ROWS, "wrong_rows": WRONG},
    }
    done = subprocess.run(
        [programs / "python", CLIENTS / f"ask_{client}.py"],
        input=json.dumps(case),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


# By client, how many requests it makes, and what its user reads of each that is wrong.
EXPECTED: dict[str, tuple[int, dict[str, str]]] = {
    "triton": (6, {"wrong": "inputs.Age[1]", "no key": "API key"}),
    "kserve": (
        3,
        {
            **{"wrong, binary=False": "inputs.Age[1]", "no key": "API key"},
            **{"wrong, binary=True": "inputs.Age[1]"},
            "wrong, rows": "instances[1].Age",
        },
    ),
    "open_inference": (2, {"wrong": "inputs.Age[1]"}),
    "mlflow": (5, {"wrong": "dataframe_split.data[1][3]", "params": "params"}),
    "mlserver": (1, {"wrong": "inputs.Age[1]"}),
}


@pytest.mark.parametrize("client", EXPECTED)
def test_a_client_reads_the_notebook_s_answers(
    client: str, programs: Path, server: Server
) -> None:
    told = ask(programs, client, server)
    count, faults = EXPECTED[client]
    assert len(told["answers"]) == count
    for name, columns in told["answers"].items():
        wanted = {"label": GOLDEN["label"]} if name.startswith("label") else GOLDEN
        assert columns == wanted, name
    assert told["faults"].keys() == faults.keys()
    for name, place in faults.items():
        assert place in told["faults"][name], name
    for name, state in told["states"].items():
        assert state == [*ROWS[0]] if name == "features" else state, name


def test_the_protocol_s_own_document_is_kept(
    programs: Path, server: Server, tmp_path: Path
) -> None:
    """MLServer brings it; what of it is about streams and texts is another protocol."""
    [package] = programs.parent.glob("lib/*/site-packages/mlserver/rest/openapi")
    document = json.loads((package / "dataplane.json").read_text())
    # It says `bytes`, which is no type of a schema, and points at what is not there.
    document["components"]["schemas"]["TensorData"] = {"type": "array"}
    document["components"]["enums"] = {"Datatype": {"type": "string"}}
    paths = document["paths"]
    document["paths"] = {
        path.replace("{model_name}", "credit-risk").replace(
            "{model_version}", "1.0.0"
        ): {
            method: {k: v for k, v in operation.items() if k != "parameters"}
            for method, operation in operations.items()
            if method != "parameters"
        }
        for path, operations in paths.items()
        if not path.endswith(("_stream", "/generate"))
    }
    (tmp_path / "dataplane.json").write_text(json.dumps(document))
    (tmp_path / "schemathesis.toml").write_text(
        "[checks]\npositive_data_acceptance.enabled = false\n"
        "negative_data_rejection.enabled = false\n"
        "missing_required_header.enabled = false\n"
        "[warnings]\nenabled = false\n"
    )
    command = [
        *(str(Path(sys.executable).parent / "schemathesis"), "run"),
        *("dataplane.json", "--url", server.url, "-H", f"X-API-Key: {server.key}"),
        *("--seed", "1", "--max-examples", "25", "--request-timeout", "60"),
        *("--suppress-health-check", "all"),
        *("--report", "json", "--report-json-path", "report.json"),
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["test_cases"]["errored"] == 0
    assert report["test_cases"]["generated"] >= 100
