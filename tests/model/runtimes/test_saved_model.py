"""What is said where TensorFlow is not there, or not whole."""

import sys
from pathlib import Path

import pytest

from service.model.errors import NetworkLoadError
from service.model.runtimes.saved_model import SavedModelNetwork


def test_tensorflow_that_is_not_installed_is_to_be_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(NetworkLoadError, match="pip install"):
        SavedModelNetwork.prepare()


def test_tensorflow_that_lacks_a_part_is_not_taken_for_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an image whose parts that are named `test` were removed."""
    (tmp_path / "tensorflow.py").write_text("from tensorflow import test\n")
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        NetworkLoadError, match=r"cannot be imported: ImportError.*test"
    ):
        SavedModelNetwork.prepare()
