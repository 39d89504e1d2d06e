"""What is on disk is served byte for byte as it was packaged, or not at all."""

import subprocess
from pathlib import Path

import pytest
from faults import FAULTS, copy_credit, make_other_golden
from irregular import IRREGULAR
from pipelines import CREDIT

from service.model.artefact.folder import read_artefact, write_artefact
from service.model.errors import (
    ArtefactError,
    ArtefactMissingError,
    GoldenMismatchError,
    PackagingError,
)
from service.model.loading import load_predictor

FILES = sorted(path for path in CREDIT.rglob("*") if path.is_file())


def test_the_committed_version_is_whole_and_proves_itself() -> None:
    predictor = load_predictor(read_artefact(CREDIT))
    predictor.prove()
    assert len(predictor.golden.records) > 50


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_artefact_is_refused_in_one_sentence(
    fault: str, tmp_path: Path
) -> None:
    make, expected = FAULTS[fault]
    folder = make(copy_credit(tmp_path))
    with pytest.raises(ArtefactError) as caught:
        load_predictor(read_artefact(folder)).prove()
    sentence = str(caught.value)
    assert expected in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((path.relative_to(CREDIT).as_posix(), "a named pipe") for path in FILES),
        ("golden.json", "a socket"),
        ("golden.json", "a folder"),
    ],
)
def test_what_is_no_regular_file_is_refused_without_waiting(
    name: str, kind: str, tmp_path: Path
) -> None:
    folder = copy_credit(tmp_path)
    (folder / name).unlink()
    IRREGULAR[kind](folder / name)
    with pytest.raises(ArtefactMissingError) as caught:
        read_artefact(folder)
    assert str(caught.value) == (
        f"{name!r} in {folder} cannot be read: it is {kind}; put a regular file in its"
        " place."
    )


def test_nothing_is_unpickled_before_every_byte_is_verified(tmp_path: Path) -> None:
    folder = copy_credit(tmp_path)
    evidence = tmp_path / "evidence"
    # A pickle that runs a command when it is loaded.
    bomb = f"cos\nsystem\n(S'touch {evidence}'\ntR.".encode()
    (folder / "pipeline.joblib").write_bytes(bomb)
    with pytest.raises(ArtefactError, match=r"pipeline\.joblib"):
        load_predictor(read_artefact(folder))
    assert not evidence.exists()


def test_a_difference_within_the_tolerance_is_another_processors(
    tmp_path: Path,
) -> None:
    folder = make_other_golden(copy_credit(tmp_path), by=1e-11)
    load_predictor(read_artefact(folder)).prove()


def test_ops_verify_the_manifest_with_their_own_tool() -> None:
    subprocess.run(["sha256sum", "-c", "manifest.sha256"], cwd=CREDIT, check=True)


def test_a_version_is_never_overwritten(tmp_path: Path) -> None:
    artefact = read_artefact(CREDIT)
    first = write_artefact(artefact.manifest, artefact.files, tmp_path, print)
    before = sorted(first.rglob("*"))
    with pytest.raises(PackagingError, match="never overwritten"):
        write_artefact(artefact.manifest, artefact.files, tmp_path, print)
    assert sorted(first.rglob("*")) == before


def test_a_crash_half_way_leaves_no_version_behind(tmp_path: Path) -> None:
    artefact = read_artefact(CREDIT)

    def crash(staged: Path) -> None:
        assert (staged / "manifest.json").exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_artefact(artefact.manifest, artefact.files, tmp_path, crash)
    assert list(tmp_path.rglob("*")) == [tmp_path / "credit-risk"]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    artefact = read_artefact(CREDIT)
    folder = write_artefact(artefact.manifest, artefact.files, tmp_path, print)
    assert read_artefact(folder) == artefact


def test_a_pipeline_that_raises_does_not_repeat_a_value(tmp_path: Path) -> None:
    make, _ = FAULTS["a pipeline that raises"]
    with pytest.raises(GoldenMismatchError) as caught:
        load_predictor(read_artefact(make(copy_credit(tmp_path))))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["a" * 5000, "no/such/folder", "a\0b"])
def test_a_folder_that_cannot_be_is_missing(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArtefactMissingError):
        read_artefact(tmp_path / name)


def test_a_folder_that_is_closed_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(ArtefactMissingError, match="Permission denied"):
        read_artefact(tmp_path)
