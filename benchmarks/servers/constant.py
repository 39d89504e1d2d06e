"""The limit of HTTP: a constant Flask view, under our gunicorn.conf.py."""

from flask import Flask, request


class Readiness:
    """Stands in for ours, which gunicorn.conf.py asks of every worker."""

    def prove(self) -> None:
        """Prove nothing: there is nothing to prove."""

    def drain(self) -> None:
        """Stop, for all that anybody asks."""


app = Flask(__name__)
app.extensions["readiness"] = Readiness()


@app.post("/predict")
def predict() -> dict[str, list[list[float]]]:
    """Answer with a constant, once the body has arrived."""
    request.get_data()
    return {"predictions": [[0.5, 0.5]]}
