"""A copy of an artefact, for a test to spoil."""

from pathlib import Path


def copy_artefact(artefact: Path, to: Path) -> Path:
    """Return a copy of the folder."""
    copied = to / "1.0.0"
    for path in filter(Path.is_file, artefact.rglob("*")):
        place = copied / path.relative_to(artefact)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    return copied
