"""Real text: the paragraphs in which scikit-learn describes its data sets."""

import functools
from importlib.resources import files


@functools.cache
def read_prose() -> tuple[list[str], list[str]]:
    """Return paragraphs, each with the data set that it is about."""
    folder = files("sklearn.datasets.descr")
    found = [
        (paragraph, path.name.removesuffix(".rst"))
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
        if path.name.endswith(".rst")
        for paragraph in path.read_text(encoding="utf-8").split("\n\n")
        if paragraph.strip()
    ]
    return [text for text, _ in found], [topic for _, topic in found]
