"""One row as large as a caller can make it: refused by a setting, or answered exactly.

Texts of a million tokens and rows of ten thousand fields cost a worker no more memory
than many large bodies at once may.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Package, Serve
from peak_memory import read_peak
from pipelines import FITTED
from proved_here import package_here
from server import UNLIMITED, Server
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from service.server.body_budget import ROOM_BYTES

MANY_TOKENS = "iris" + " the data set" * 333_333
FIELDS = {f"word {index}": index % 3 + 1 for index in range(10_000)}


def read_numbers(server: Server, instance: dict[str, Any]) -> list[float]:
    answer = server.predict([instance])
    assert answer.status_code == 200, answer.text
    return list(answer.json()["predictions"][0]["probabilities"].values())


def measure_growth(server: Server, ask: Callable[[], Any]) -> int:
    """Return the bytes by which the peak of the only worker's memory rose."""
    [pid] = server.pids
    before = read_peak(pid)
    ask()
    return read_peak(pid) - before


def test_a_text_of_a_million_tokens(packaged: Package, serve: Serve) -> None:
    fitted = FITTED["texts"]()
    by_default = serve(packaged("texts"), WEB_CONCURRENCY="1")
    refused = by_default.predict([{"text": MANY_TOKENS}])
    assert refused.status_code == 422
    [error] = refused.json()["errors"]
    assert error["path"] == "instances[0].text"

    length = str(len(MANY_TOKENS))
    server = serve(
        packaged("texts"),
        **UNLIMITED,
        WEB_CONCURRENCY="1",
        SERVICE_MAX_STRING_LENGTH=length,
    )
    found: list[float] = []
    growth = measure_growth(
        server, lambda: found.extend(read_numbers(server, {"text": MANY_TOKENS}))
    )
    [expected] = fitted.pipeline.predict_proba([MANY_TOKENS]).tolist()
    assert found == pytest.approx(expected, abs=1e-12)
    assert growth < 2 * ROOM_BYTES


def test_a_row_of_ten_thousand_fields(serve: Serve, tmp_path: Path) -> None:
    rows = [{"word 1": 1.0, "word 2": 2.0}, {"word 3": 1.0}] * 30
    fitted = make_pipeline(DictVectorizer(), LogisticRegression())
    fitted.fit(rows, [0, 1] * 30)
    folder = package_here(fitted, rows, name="fields", version="1.0.0", to=tmp_path)
    by_default = serve(folder, WEB_CONCURRENCY="1")
    refused = by_default.predict([FIELDS])
    assert refused.status_code == 422
    assert "must have at most 1000 fields" in refused.text

    server = serve(folder, **UNLIMITED, WEB_CONCURRENCY="1", SERVICE_MAX_FIELDS="10000")
    found: list[float] = []
    growth = measure_growth(server, lambda: found.extend(read_numbers(server, FIELDS)))
    [expected] = fitted.predict_proba([FIELDS]).tolist()
    assert found == pytest.approx(expected, abs=1e-12)
    assert growth < 2 * ROOM_BYTES
