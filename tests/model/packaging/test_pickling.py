"""What a notebook defines travels in the pickle, and what cannot travel is named."""

import json
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from pipelines import ROOT
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from service.cli.main import main
from service.model.artefact.folder import read_artefact
from service.model.contract.codec import Codec
from service.model.contract.request_limits import UNBOUNDED
from service.model.errors import PackagingError
from service.model.loading import load_predictor
from service.model.packaging.pickling import pickle_pipeline

NOTEBOOK = """
    import functools, json, re
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.compose import make_column_transformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer
    from service.model import package

    WORD = re.compile("[a-z]+")
    MEANS = {"x": 2.5}

    class Centre(TransformerMixin, BaseEstimator):
        def __init__(self, means):
            self.means = means
        def fit(self, X, y=None):
            self.columns_ = list(X.columns)
            return self
        def transform(self, X):
            return centre(X, self.means)

    def centre(X, means):
        return X - pd.Series(means) + len(MEANS)

    @functools.lru_cache(maxsize=None)
    def split(text):
        return WORD.findall(text.lower())

    def tokenize(text):
        return split(text)

    X = pd.DataFrame({
        "x": [1.0, 2.0, 3.0, 4.0] * 8,
        "z": [4.0, 1.0, 3.0, 2.0] * 8,
        "note": ["Rent due", "own house", "due now", "no rent"] * 8,
    })
    y = [0, 1, 1, 0] * 8
    pipeline = make_pipeline(
        make_column_transformer(
            (Centre(MEANS), ["x"]),
            (FunctionTransformer(lambda X: np.log1p(X)), ["z"]),
            (TfidfVectorizer(tokenizer=tokenize, token_pattern=None), "note"),
        ),
        LogisticRegression(),
    ).fit(X, y)
    package(pipeline, X, y, name="m", version="1.0.0", to=".")
    print(json.dumps(pipeline.predict_proba(X[:4]).tolist()))
"""

ROWS = b"""{"instances": [
    {"x": 1.0, "z": 4.0, "note": "Rent due"},
    {"x": 2.0, "z": 1.0, "note": "own house"},
    {"x": 3.0, "z": 3.0, "note": "due now"},
    {"x": 4.0, "z": 2.0, "note": "no rent"}]}"""


def run(script: str, folder: Path) -> Any:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_a_notebook_defines_is_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(NOTEBOOK, tmp_path)
    assert done.returncode == 0, done.stderr
    *_, note, answers = done.stdout.splitlines()
    names = ("MEANS", "WORD", "<lambda>", "Centre", "centre", "split", "tokenize")
    listed = ", ".join(sorted(f"__main__.{name}" for name in names))
    assert note == f"taken by value from the training script: {listed}"

    artefact = read_artefact(tmp_path / "m/1.0.0")
    assert "cloudpickle" in artefact.manifest.libraries
    predictor = load_predictor(artefact)
    predictor.prove()
    instances = Codec(artefact.manifest.contract, UNBOUNDED).load(ROWS)
    found = [
        list(prediction["probabilities"].values())
        for prediction in predictor.predict(instances).to_json()
    ]
    assert found == [pytest.approx(row, abs=1e-12) for row in json.loads(answers)]

    main(["inspect", str(tmp_path / "m/1.0.0")])
    assert f"By value from the training script: {listed}." in capsys.readouterr().out


def define(source: str, **names: Any) -> Any:
    """Return the function `use` of a notebook."""
    notebook = {"__name__": "__main__", **names}
    exec(textwrap.dedent(source), notebook)
    return notebook["use"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            "def use(X):\n    return held.execute('select 1') and X",
            r"the function 'use' reads 'held', of the type sqlite3\.Connection",
        ),
        (
            "def inner(X):\n    return held and X\ndef use(X):\n    return inner(X)",
            "the function 'inner' reads 'held'",
        ),
        (
            "class Holder:\n    pass\nholder = Holder()\nholder.link = held\n"
            "def use(X):\n    return holder and X",
            "Holder holds 'link', of the type sqlite3",
        ),
        (
            "def bind(held):\n    return lambda X: held and X\nuse = bind(held)",
            "<lambda>' reads 'held'",
        ),
        ("def use(X):\n    return __file__ and X", "'use' reads files beside __file__"),
    ],
)
def test_what_cannot_travel_is_named(source: str, sentence: str) -> None:
    held = sqlite3.connect(":memory:")
    use = define(source, held=held, __file__="train.py")
    with pytest.raises(PackagingError, match=sentence):
        pickle_pipeline(make_pipeline(FunctionTransformer(use)))
    held.close()


def test_an_open_file_is_named(tmp_path: Path) -> None:
    """cloudpickle itself would take what is left to read of it."""
    (tmp_path / "words.txt").write_text("a\nb\n")
    with (tmp_path / "words.txt").open() as words:
        use = define("def use(X):\n    return words.read() and X", words=words)
        with pytest.raises(PackagingError, match="'use' reads 'words', of"):
            pickle_pipeline(make_pipeline(FunctionTransformer(use)))


def test_a_module_that_a_notebook_imports_is_known() -> None:
    use = define("def use(X):\n    import xml.dom\n    return np.log(X)", np=json)
    pickled = pickle_pipeline(make_pipeline(FunctionTransformer(use)))
    assert {"json", "xml.dom", "cloudpickle.cloudpickle"} <= pickled.modules
    assert pickled.embedded == ("__main__.use",)


def test_a_pipeline_of_importable_parts_holds_nothing_by_value() -> None:
    pickled = pickle_pipeline(make_pipeline(FunctionTransformer(json.dumps)))
    assert pickled.embedded == ()
    assert "cloudpickle.cloudpickle" not in pickled.modules
