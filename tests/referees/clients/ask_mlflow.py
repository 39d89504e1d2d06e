"""What MLflow's scoring client makes of the service; it knows of no key but netrc's."""

import json
import os
import tempfile
from pathlib import Path

import pandas as pd
from exchange import Answers, read_case, tell
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

CASE = read_case()


def main() -> None:
    host, _, port = CASE.address.rpartition(":")
    with tempfile.TemporaryDirectory() as folder:
        netrc = Path(folder, "netrc")
        netrc.write_text(f"machine {host} login key password {CASE.key}\n")
        os.environ["NETRC"] = str(netrc)
        client = ScoringServerClient(host, port)
        client.wait_server_ready()
        answers: Answers = {}
        for name, data in {
            "frame": pd.DataFrame(CASE.rows),
            "list": CASE.rows,
            "rows": json.dumps({"dataframe_records": CASE.rows}),
            "instances": json.dumps({"instances": CASE.rows}),
            "inputs": json.dumps({"inputs": CASE.to_columns(CASE.rows)}),
        }.items():
            answers[name] = read_columns(client.invoke(data).get_predictions())
        faults = {}
        try:
            client.invoke(pd.DataFrame(CASE.wrong_rows))
        except Exception as error:  # noqa: BLE001 - what the client raises
            faults["wrong"] = str(error)
        try:
            client.invoke(pd.DataFrame(CASE.rows), params={"top": 1})
        except Exception as error:  # noqa: BLE001 - what the client raises
            faults["params"] = str(error)
        tell(answers, faults, {"version": client.get_version()})


def read_columns(frame: pd.DataFrame) -> dict[str, list[object]]:
    probabilities = pd.DataFrame(frame["probabilities"].tolist())
    return {
        "label": frame["label"].tolist(),
        **{
            f"probabilities.{name}": probabilities[name].tolist()
            for name in probabilities
        },
    }


if __name__ == "__main__":
    main()
