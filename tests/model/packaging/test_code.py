"""What may travel in an artefact, and what is refused."""

import os
from pathlib import Path

import pytest

from service.model.errors import PackagingError
from service.model.packaging.code import collect_sources


@pytest.mark.usefixtures("impatient")
def test_a_module_that_is_no_regular_file_is_refused_without_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "piped").mkdir()
    (tmp_path / "piped/__init__.py").write_text("")
    os.mkfifo(tmp_path / "piped/part.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PackagingError, match=r"'piped\.part' .* it is a named pipe"):
        collect_sources(["piped"])


@pytest.mark.parametrize("name", ["turtle", "service.model", "__main__", "orjson"])
def test_a_name_that_cannot_travel_is_refused(name: str) -> None:
    if name == "orjson":
        collect_sources([name])  # a package: its Python part may travel
        return
    with pytest.raises(PackagingError, match="that name is taken"):
        collect_sources([name])
