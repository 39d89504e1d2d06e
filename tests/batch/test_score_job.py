"""A run that is interrupted: what is scored is kept, and no output is half-written."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from applications import KEY, tile_applications
from conftest import Mount
from pipelines import CREDIT, ROOT
from pyarrow import parquet as pq

from service.batch.piece import ROWS_OF_PIECE
from service.batch.progress import Progress
from service.batch.score_job import Run
from service.batch.score_order import Order
from service.batch.work_folder import PLAN, WorkFolder
from service.cli.main import main
from service.model.errors import DataFileError

PIECES, SOME = 3, 20_000
COMMAND = (sys.executable, "-m", "service")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "in.parquet"
    table = tile_applications(PIECES * ROWS_OF_PIECE, {7: {"Age": 17}})
    pq.write_table(table, path)
    return path


def order(source: Path, out: Path, *options: str) -> tuple[str, ...]:
    rest = ("--keep", KEY, "--processes", "1", *options)
    return ("score", str(CREDIT), str(source), "--out", str(out), *rest)


def run(*options: str) -> int:
    """Run a command in this process, which has loaded the model already."""
    with pytest.raises(SystemExit) as caught:
        main(options)
    return int(caught.value.code or 0)


def test_a_killed_run_is_resumed_to_the_same_bytes(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, killed = tmp_path / "whole.parquet", tmp_path / "killed.parquet"
    parts = tmp_path / ".killed.parquet.parts"
    process = subprocess.Popen((*COMMAND, *order(source, killed)), cwd=ROOT)
    while not [*parts.glob("0*.json")]:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert {path.name for path in tmp_path.iterdir()} == {parts.name}

    assert run(*order(source, killed)) == 2
    assert "resume that by --resume" in capsys.readouterr().err
    assert run(*order(source, killed, "--resume", "--on-invalid", "stop")) == 2
    assert "an option is not what it was" in capsys.readouterr().err

    assert run(*order(source, killed, "--resume")) == 1
    assert run(*order(source, whole)) == 1
    assert killed.read_bytes() == whole.read_bytes()
    rejected = [path.with_suffix(".rejected.parquet") for path in (killed, whole)]
    assert rejected[0].read_bytes() == rejected[1].read_bytes()
    table = pq.read_table(killed, columns=[KEY])
    wanted = tile_applications(PIECES * ROWS_OF_PIECE)[KEY].to_pylist()
    del wanted[7]
    assert table[KEY].to_pylist() == wanted
    told = json.loads(killed.with_suffix(".manifest.json").read_text())
    assert ROWS_OF_PIECE <= told["resumed"] < told["rows"] == len(wanted) + 1
    assert not parts.exists()

    assert run(*order(source, killed, "--resume")) == 1  # which is at its end
    assert killed.read_bytes() == whole.read_bytes()


def test_a_second_run_leaves_the_first_alone(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It must not say that the folder may be removed."""
    folder = WorkFolder(tmp_path / "out.parquet")
    with folder.open(b"of the first", is_resuming=False):
        for options in ((), ("--resume",)):
            assert run(*order(source, tmp_path / "out.parquet", *options)) == 2
            assert "is of a run that goes on" in capsys.readouterr().err
    assert (folder.path / PLAN).read_bytes() == b"of the first"


class Changing(Progress):
    """Changes the input while it is scored."""

    source: Path

    def add(self, rows: int, share: float, *, is_new: bool) -> None:
        os.utime(self.source)


def test_an_input_that_changes_leaves_no_output(tmp_path: Path) -> None:
    progress = Changing()
    progress.source = source = tmp_path / "in.parquet"
    pq.write_table(tile_applications(SOME), source)
    changing = Order(CREDIT, [str(source)], tmp_path / "out.parquet", [KEY])
    with pytest.raises(DataFileError, match="was changed while it was scored"):
        Run(changing).score(progress)
    assert [*tmp_path.iterdir()] == [source]


def test_a_full_disk_is_one_sentence_and_leaves_no_output(
    tmp_path: Path, mount: Mount
) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    source = tmp_path / "in.parquet"
    pq.write_table(tile_applications(SOME), source)
    disk = mount(folder, 2000)
    (disk.folder / "ballast").write_bytes(bytes(1_900_000))
    out = folder / "out.parquet"
    full = subprocess.run(
        (*disk.entrance, *COMMAND, *order(source, out)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert full.returncode == 2
    [said] = full.stderr.splitlines()
    assert "out.parquet is not written: No space left on device" in said
    assert not (disk.folder / "out.parquet").exists()
