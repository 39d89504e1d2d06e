"""Modules that travel are importable where they are served, by name, and only those."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.model.artefact.code import install_modules
from service.model.errors import PipelineLoadError
from service.model.packaging.code import collect_code


@pytest.fixture(autouse=True)
def _restored_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def install(name: str, source: bytes) -> None:
    install_modules(
        Path("artefact"), [name], {f"code/{name.replace('.', '/')}.py": source}
    )


def test_a_package_travels_with_its_submodules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "journey/stage").mkdir(parents=True)
    (tmp_path / "journey/__init__.py").write_text("from journey.stage.one import N\n")
    (tmp_path / "journey/stage/__init__.py").write_text("")
    (tmp_path / "journey/stage/one.py").write_text("N = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    code = collect_code(["journey"])
    assert list(code.modules) == ["journey", "journey.stage", "journey.stage.one"]
    assert list(code.files) == [
        "code/journey/__init__.py",
        "code/journey/stage/__init__.py",
        "code/journey/stage/one.py",
    ]
    monkeypatch.undo()

    install_modules(tmp_path / "artefact", list(code.modules), code.files)
    import journey  # type: ignore[import-not-found] # noqa: PLC0415

    assert journey.N == 1


def test_a_package_without_submodules_travels_as_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lonely").mkdir()
    (tmp_path / "lonely/__init__.py").write_text("N = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    code = collect_code(["lonely"])
    install_modules(tmp_path / "artefact", list(code.modules), code.files)
    import lonely  # type: ignore[import-not-found] # noqa: PLC0415

    assert lonely.N == 2


def test_nothing_else_becomes_importable() -> None:
    install("wanderer", b"N = 3\n")
    with pytest.raises(ModuleNotFoundError):
        import wanderers  # type: ignore[import-not-found] # noqa: F401, PLC0415


@pytest.mark.parametrize("name", ["turtle", "turtle.part", "json", "service.part"])
def test_no_module_takes_the_place_of_pythons_or_the_services_own(name: str) -> None:
    """Whether that is imported yet, as `json` is, or not, as `turtle`."""
    with pytest.raises(PipelineLoadError, match=f"{name}' bears the name of one of"):
        install(name, b"N = 6\n")


def test_another_module_of_the_name_is_not_used_in_silence() -> None:
    install("traveller", b"N = 4\n")
    import traveller  # type: ignore[import-not-found] # noqa: F401, PLC0415

    install("traveller", b"N = 4\n")
    with pytest.raises(PipelineLoadError, match="'traveller' is already imported"):
        install("traveller", b"N = 5\n")
