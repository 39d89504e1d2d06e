"""package(), with the version proved in this process.

A fresh one takes two seconds of a processor to import scikit-learn. The server that is
booted with a version is one, too, and proves it again; where none is, what is proved is
asked here at once. tests/model/packaging/ holds what a fresh process finds.
"""

from pathlib import Path
from typing import Any
from unittest.mock import patch

from service.model import package
from service.model.artefact.folder import read_artefact
from service.model.loading import load_predictor


def package_here(*arguments: Any, **options: Any) -> Path:
    """Write a version, as package() does."""
    with patch("service.model.packaging.package.check_afresh", prove):
        return package(*arguments, **options)


def prove(folder: Path) -> None:
    """Reproduce the golden records, in this process."""
    load_predictor(read_artefact(folder)).prove()
