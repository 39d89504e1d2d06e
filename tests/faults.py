"""Artefacts with a fault: each differs from a good one in one way."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines import CREDIT


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
    return reseal(folder, lambda manifest: manifest.update(format=2, novelty=True))


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


# What each fault's one sentence must say.
FAULTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a newer format": (make_newer, "has format 2"),
    "another library": (make_other_library, "scikit-learn 1.8.2"),
    "a missing library": (make_missing_library, "absent 1.0.0 (here: none)"),
    "another golden answer": (make_other_golden, "Golden record 7"),
    "a missing file": (make_missing_file, "golden.json"),
    "a stranger": (make_stranger, "code/stranger.py"),
    "a file outside": (make_escape, "../outside"),
    "a pipeline that does not load": (make_unreadable_pipeline, "does not load"),
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
