"""The folder on disk: written whole or not at all, read once, verified byte for byte.

docs/packaging.md lists its files.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from service.model.artefact.manifest import (
    Manifest,
    check_libraries,
    decode_manifest,
    encode_manifest,
)
from service.model.errors import (
    ArtefactDigestError,
    ArtefactMissingError,
    PackagingError,
)
from service.regular_file import read_regular

MANIFEST = "manifest.json"
MANIFEST_DIGEST = "manifest.sha256"


@dataclass(frozen=True)
class Artefact:
    """A verified version: its manifest, the manifest's SHA-256, its files' bytes."""

    manifest: Manifest
    digest: str
    files: Mapping[str, bytes]
    folder: Path = field(compare=False)


def read_artefact(folder: Path) -> Artefact:
    """Read a version that is to be loaded here. Raises an ArtefactError."""
    artefact = verify_artefact(folder)
    check_libraries(artefact.manifest.libraries)
    return artefact


def verify_artefact(folder: Path) -> Artefact:
    """Read a version and verify every byte, before anything in it is interpreted.

    Files are read once, so that what was verified is what is loaded, here or where
    there are other libraries. Raises an ArtefactError.
    """
    raw = _read_manifest(folder)
    manifest = decode_manifest(raw)
    files = {name: _read(folder, name) for name in manifest.files}
    for name, content in files.items():
        if compute_digest(content) != manifest.files[name]:
            raise ArtefactDigestError(_refuse_change(folder, name))
    _refuse_strangers(folder, manifest)
    return Artefact(manifest, compute_digest(raw), files, folder.resolve())


def read_manifest(folder: Path) -> Manifest:
    """Read and verify the manifest alone. Raises an ArtefactError."""
    return decode_manifest(_read_manifest(folder))


def _read_manifest(folder: Path) -> bytes:
    _find(folder)
    raw = _read(folder, MANIFEST)
    if _read(folder, MANIFEST_DIGEST) != _format_digest(compute_digest(raw)):
        raise ArtefactDigestError(_refuse_change(folder, MANIFEST))
    return raw


def write_artefact(
    manifest: Manifest,
    files: Mapping[str, bytes],
    to: Path,
    verify: Callable[[Path], None],
) -> Path:
    """Write a version to `to/<name>/<version>` and return that folder.

    It is written beside its place, given to `verify`, and then renamed: whatever fails
    or crashes before leaves no version behind. Raises PackagingError if the version
    exists.
    """
    target = to / manifest.name / manifest.version
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(
            tempfile.mkdtemp(prefix=f".{manifest.version}-", dir=target.parent)
        )
    except OSError as error:
        raise PackagingError(
            f"{target.parent} cannot be written: {error.strerror}."
        ) from error
    try:
        raw = encode_manifest(manifest)
        _write(staged / MANIFEST, raw)
        _write(staged / MANIFEST_DIGEST, _format_digest(compute_digest(raw)))
        for name, content in files.items():
            _write(staged / name, content)
        staged.chmod(0o755)
        verify(staged)
        os.rename(staged, target)
    except OSError as error:
        if target.exists():
            raise PackagingError(refuse_overwriting(target)) from error
        raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return target


def refuse_overwriting(target: Path) -> str:
    """Return the sentence for a version that exists."""
    return f"{target} exists, and a version is never overwritten: choose another."


def _refuse_change(folder: Path, name: str) -> str:
    return (
        f"{name} in {folder} is not what was packaged: restore the folder from where it"
        " was published, or package a new version."
    )


def compute_digest(content: bytes) -> str:
    """Return the SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _format_digest(digest: str) -> bytes:
    return f"{digest}  {MANIFEST}\n".encode()


def _find(folder: Path) -> None:
    try:
        is_folder = folder.is_dir()
    except OSError as error:  # a folder above may be closed, or the name too long
        raise ArtefactMissingError(
            f"{folder} cannot be read: {error.strerror}."
        ) from None
    if not is_folder:
        raise ArtefactMissingError(f"There is no artefact at {folder}.")


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ArtefactDigestError(f"{name} lies outside the artefact {folder}.")
        return read_regular(path)
    except (OSError, ValueError, RuntimeError) as error:  # the last: links in a ring
        reason = getattr(error, "strerror", None) or error
        raise ArtefactMissingError(
            f"{name!r} in {folder} cannot be read: {reason}."
        ) from None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _refuse_strangers(folder: Path, manifest: Manifest) -> None:
    known = {MANIFEST, MANIFEST_DIGEST, *manifest.files}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        # Python leaves __pycache__ where somebody imports from code/; nothing reads it.
        is_cache = path.parent.name == "__pycache__"
        if not path.is_dir() and not is_cache and name not in known:
            raise ArtefactDigestError(
                f"{name} in {folder} was not packaged: remove it."
            )
