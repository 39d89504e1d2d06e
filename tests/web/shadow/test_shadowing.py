"""A shadow that cannot be one stops the start, in one sentence that names the setting.

What is wrong with the rest of its artefact does not.
"""

from pathlib import Path

import pytest
from conftest import Package
from faults import change, copy_credit, flip_byte, make_unreadable_pipeline
from pipelines import CREDIT

from service.model.artefact.folder import read_manifest
from service.settings import Settings, SettingsError
from service.web.shadow.shadowing import Shadowing, build_shadowing


def build(shadow: Path | None) -> Shadowing | None:
    return build_shadowing(Settings(shadow_artefact=shadow), read_manifest(CREDIT))


def refuse(shadow: Path) -> str:
    with pytest.raises(SettingsError, match=r"^SERVICE_SHADOW_ARTEFACT ") as caught:
        build(shadow)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_none_is_built_where_none_is_wanted() -> None:
    assert build(None) is None


def test_no_artefact_is_refused(tmp_path: Path) -> None:
    assert "There is no artefact" in refuse(tmp_path / "none")
    assert "manifest.json" in refuse(tmp_path)
    assert "format" in refuse(change("m.update(format=0)")(copy_credit(tmp_path)))


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    folder = flip_byte(copy_credit(tmp_path), "manifest.json")
    assert "is not what was packaged" in refuse(folder)


def test_another_task_is_refused(packaged: Package) -> None:
    assert "regression" in refuse(packaged("moody"))


def test_the_rest_of_an_artefact_is_its_own_to_find(tmp_path: Path) -> None:
    folder = make_unreadable_pipeline(copy_credit(tmp_path))
    assert build(folder) is not None
