"""Artefacts with a fault: each differs from a good one in one way."""

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from pipelines import CREDIT
from sklearn.linear_model import LogisticRegression

from service.model.artefact.manifest import FORMAT


def copy_credit(to: Path) -> Path:
    """Return a copy of the committed version."""
    return Path(shutil.copytree(CREDIT, to / "1.0.0"))


def reseal(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Change the manifest, and make its digests those of what lies there."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in manifest["files"]:
        content = (folder / name).read_bytes()
        manifest["files"][name] = hashlib.sha256(content).hexdigest()
    change(manifest)
    raw = json.dumps(manifest).encode()
    path.write_bytes(raw)
    digest = hashlib.sha256(raw).hexdigest()
    (folder / "manifest.sha256").write_text(f"{digest}  manifest.json\n")
    return folder


def flip_byte(folder: Path, name: str, position: int = -2) -> Path:
    """Change one byte of one file."""
    content = bytearray((folder / name).read_bytes())
    content[position] ^= 1
    (folder / name).write_bytes(content)
    return folder


def make_newer(folder: Path) -> Path:
    """A format of a later release."""
    return reseal(folder, lambda m: m.update(format=FORMAT + 1, novelty=True))


def make_other_library(folder: Path) -> Path:
    """Fitted with another scikit-learn."""
    return reseal(folder, lambda m: m["libraries"].update({"scikit-learn": "1.8.2"}))


def make_missing_library(folder: Path) -> Path:
    """Fitted with a library that is not installed here."""
    return reseal(folder, lambda m: m["libraries"].update({"absent": "1.0.0"}))


def make_other_golden(folder: Path, by: float = 1e-6) -> Path:
    """A golden record that was answered otherwise."""
    path = folder / "golden.json"
    golden = json.loads(path.read_text())
    golden["records"][7]["prediction"]["probabilities"]["bad"] += by
    path.write_text(json.dumps(golden))
    return reseal(folder, lambda manifest: None)


def make_missing_file(folder: Path) -> Path:
    """A file that the manifest lists is gone."""
    (folder / "golden.json").unlink()
    return folder


def forget_histograms(folder: Path) -> Path:
    """Return a version that was packaged before histograms were; it is no fault."""
    reseal(folder, lambda manifest: manifest["files"].pop("histograms.json"))
    (folder / "histograms.json").unlink()
    return folder


def make_stranger(folder: Path) -> Path:
    """A file that was not packaged."""
    (folder / "code/stranger.py").write_text("")
    return folder


def make_escape(folder: Path) -> Path:
    """A manifest that names a file outside the folder."""
    (folder.parent / "outside").write_bytes(b"")
    digest = hashlib.sha256(b"").hexdigest()
    return reseal(folder, lambda m: m["files"].update({"../outside": digest}))


def make_unreadable_pipeline(folder: Path) -> Path:
    """A pipeline that does not load."""
    (folder / "pipeline.joblib").write_bytes(b"\x80\x05not a pickle")
    return reseal(folder, lambda manifest: None)


def make_other_turtle(folder: Path) -> Path:
    """A module of the name of one of Python's own, which nothing has imported yet."""
    (folder / "code/turtle.py").write_text("N = 1\n")

    def add(manifest: dict[str, Any]) -> None:
        digest = hashlib.sha256(b"N = 1\n").hexdigest()
        manifest["files"]["code/turtle.py"] = digest
        manifest["code"].append("turtle")

    return reseal(folder, add)


class Exiting:
    """Ends the process that unpickles it, without an error."""

    def __reduce__(self) -> Any:
        return sys.exit, (0,)


class Raising(LogisticRegression):  # type: ignore[misc]
    """Is fitted, and answers nothing."""

    classes_ = np.array(["bad", "good"])

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, X: Any) -> Any:
        """Raise, whatever is asked."""
        raise ArithmeticError(f"the secret of {len(X)} rows")


def make_pipeline_of(pipeline: Any) -> Callable[[Path], Path]:
    """Something else where the pipeline was."""

    def make(folder: Path) -> Path:
        joblib.dump(pipeline, folder / "pipeline.joblib")
        return reseal(folder, lambda manifest: None)

    return make


def make_golden_of(value: str) -> Callable[[Path], Path]:
    """A golden instance whose first feature is some other JSON."""

    def make(folder: Path) -> Path:
        path = folder / "golden.json"
        seniority = re.compile(r'"Seniority": ?\d+')
        text = seniority.sub(f'"Seniority": {value}', path.read_text(), count=1)
        path.write_text(text)
        return reseal(folder, lambda manifest: None)

    return make


def change(edit: str) -> Callable[[Path], Path]:
    """A manifest with one statement run on it: m, its contract c, its features f."""

    def run(m: dict[str, Any]) -> None:
        c = m["contract"]
        names = {"m": m, "c": c, "f": c["features"]}
        exec(edit, {}, names)

    return lambda folder: reseal(folder, run)


# One statement for each, and what the sentence must say.
MANIFEST_FAULTS: dict[str, str] = {
    "m.update(format=0)": "format",
    "m.update(format=-1)": "format",
    "m.update(name='../x')": "name",
    "m.update(version='1')": "version",
    "m.update(version='1.0.\u0661')": "version",
    "m.update(task='regression')": "classification",
    "m.update(names=['bad'])": "names",
    "m.update(names=['bad', 'good', 'ugly'])": "names",
    "m.update(names=['bad', 'bad'])": "names",
    "m.update(tolerance=0)": "tolerance",
    "m.update(tolerance=1)": "tolerance",
    "m.update(code=['absent'])": "files",
    "m['files'].pop('golden.json')": "files",
    "m['files'].pop('sample.json')": "files",
    "m['files'].pop('pipeline.joblib')": "files",
    "m['files'].update({'a\\0b': ''})": "null byte",
    "m['files'].update({'a\\nb': ''})": "cannot be read",
    "m['libraries'].update({'': '1.0'})": "here: none",
    "c.update(features=[])": "feature",
    "c.update(table='array')": "array",
    "c.update(table='array', array_dtype='foo')": "foo",
    "f.append(f[0])": "features",
    "f.pop()": "",
    "f[0].update(storage={'dtype': 'foo'})": "foo",
    "f[0].update(storage={'dtype': ''})": "",
    "f[0].update(storage={'dtype': 'int7'})": "int7",
    "f[0].update(minimum='abc')": "Seniority",
    "f[0].update(default='abc', required=False)": "Seniority",
    "f[0].update(observed={'minimum': 'abc', 'maximum': 'abd'})": "Seniority",
    "f[0].update(observed={'minimum': 1})": "observed",
    "f[1].update(observed={'categories': [1]})": "Home",
    "f[1].update(minimum='a')": "Home",
    "f[0].update(type='date-time')": "",
    "f[0].update(type='string')": "",
}

# What each fault's one sentence must say.
FAULTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a newer format": (make_newer, f"has format {FORMAT + 1}"),
    "another library": (make_other_library, "scikit-learn 1.8.2"),
    "a missing library": (make_missing_library, "absent 1.0.0 (here: none)"),
    "another golden answer": (make_other_golden, "Golden record 7"),
    "a missing file": (make_missing_file, "golden.json"),
    "a stranger": (make_stranger, "code/stranger.py"),
    "a file outside": (make_escape, "../outside"),
    "a module of Python's own name": (make_other_turtle, "'turtle' bears the name"),
    "a pipeline that does not load": (make_unreadable_pipeline, "does not load"),
    "an unfitted pipeline": (make_pipeline_of(LogisticRegression()), "does not load"),
    "a dict for a pipeline": (make_pipeline_of({}), "does not load"),
    "a text for a pipeline": (make_pipeline_of("a\nb"), "does not load"),
    "a pipeline that ends the process": (make_pipeline_of(Exiting()), "SystemExit"),
    "a pipeline that raises": (make_pipeline_of(Raising()), "ArithmeticError"),
    "a golden number of 31 digits": (make_golden_of("1" + 30 * "0"), "golden.json"),
    "a golden number of 401 digits": (make_golden_of("1" + 400 * "0"), "golden.json"),
    "a golden record of brackets": (
        make_golden_of(100_000 * "[" + 100_000 * "]"),
        "golden.json",
    ),
    **{edit: (change(edit), expected) for edit, expected in MANIFEST_FAULTS.items()},
    **{
        f"a changed byte in {name}": (
            lambda folder, name=name: flip_byte(folder, name),  # type: ignore[misc]
            "manifest.json" if name == "manifest.sha256" else name,
        )
        for name in (
            "manifest.json",
            "manifest.sha256",
            "pipeline.joblib",
            "golden.json",
            "code/credit_features.py",
        )
    },
}

# One of each kind, for those who pass on what test_artefact.py sees of every fault.
KINDS = (
    "a newer format",
    "another library",
    "another golden answer",
    "a missing file",
    "a pipeline that raises",
    "a changed byte in pipeline.joblib",
)
