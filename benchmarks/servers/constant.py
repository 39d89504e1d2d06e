"""The limit of HTTP: a constant Flask view, under our gunicorn.conf.py."""

from flask import Flask, request


class Lifecycle:
    """Stands in for ours, which the server tells of each worker."""

    def begin(self, slot: int) -> None:
        """Prove nothing: there is nothing to prove."""

    def publish(self, in_flight: int) -> None:
        """Publish nothing of the worker."""

    def drain(self) -> None:
        """Stop, for all that anybody asks."""

    def end(self) -> None:
        """Count nothing."""


app = Flask(__name__)
app.extensions["lifecycle"] = Lifecycle()


@app.post("/predict")
def predict() -> dict[str, list[list[float]]]:
    """Answer with a constant, once the body has arrived."""
    request.get_data()
    return {"predictions": [[0.5, 0.5]]}
