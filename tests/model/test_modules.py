"""Modules that travel are importable where they are served, by name, and only those."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.model.errors import PackagingError, PipelineLoadError
from service.model.modules import collect_sources, install_modules, to_path


@pytest.fixture(autouse=True)
def _restored_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_package_travels_with_its_submodules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "journey/stage").mkdir(parents=True)
    (tmp_path / "journey/__init__.py").write_text("from journey.stage.one import N\n")
    (tmp_path / "journey/stage/__init__.py").write_text("")
    (tmp_path / "journey/stage/one.py").write_text("N = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    sources = collect_sources(["journey"])
    assert set(sources) == {"journey", "journey.stage", "journey.stage.one"}
    assert [to_path(name, list(sources)) for name in sources] == [
        "code/journey/__init__.py",
        "code/journey/stage/__init__.py",
        "code/journey/stage/one.py",
    ]
    monkeypatch.undo()

    install_modules(sources)
    import journey  # type: ignore[import-not-found] # noqa: PLC0415

    assert journey.N == 1


def test_a_package_without_submodules_travels_as_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lonely").mkdir()
    (tmp_path / "lonely/__init__.py").write_text("N = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    install_modules(collect_sources(["lonely"]))
    import lonely  # type: ignore[import-not-found] # noqa: PLC0415

    assert lonely.N == 2


def test_nothing_else_becomes_importable() -> None:
    install_modules({"wanderer": b"N = 3\n"})
    with pytest.raises(ModuleNotFoundError):
        import wanderers  # type: ignore[import-not-found] # noqa: F401, PLC0415


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


def test_another_module_of_the_name_is_not_used_in_silence() -> None:
    install_modules({"traveller": b"N = 4\n"})
    import traveller  # type: ignore[import-not-found] # noqa: F401, PLC0415

    install_modules({"traveller": b"N = 4\n"})
    with pytest.raises(PipelineLoadError, match="'traveller' is already imported"):
        install_modules({"traveller": b"N = 5\n"})


@pytest.mark.parametrize("name", ["json", "service.model", "__main__", "orjson"])
def test_a_name_that_cannot_travel_is_refused(name: str) -> None:
    if name == "orjson":
        collect_sources([name])  # a package: its Python part may travel
        return
    with pytest.raises(PackagingError, match="that name is taken"):
        collect_sources([name])
