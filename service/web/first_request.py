"""A first request, to paste into a shell."""

import shlex

import orjson
from flask import Flask

from service.model.prediction.predictor import Predictor
from service.web.access.local_key import read_local_key


def format_curl(app: Flask, address: str) -> str:
    """Return a line of curl that asks for a prediction with the local key."""
    predictor: Predictor = app.extensions["predictor"]
    body = orjson.dumps({"instances": [predictor.golden.records[0].instance]})
    return (
        f"curl {address}/v1/predict -H 'Authorization: Bearer {read_local_key()}'"
        f" -H 'Content-Type: application/json' -d {shlex.quote(body.decode())}"
    )
