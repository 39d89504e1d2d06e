"""Files of lines that many processes write at a time, each its own."""

import subprocess
import sys
import threading
from pathlib import Path

from pipelines import ROOT

from service.web.monitoring.rotated_file import RotatedFile

HOLDING = """
import sys, time
from pathlib import Path
from service.web.monitoring.rotated_file import RotatedFile
RotatedFile(Path(sys.argv[1]), 1000).write(b"first\\n")
print("written", flush=True)
time.sleep(600)
"""


def read_folder(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_newest_lines_are_kept_within_the_bound(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "log.jsonl", 25)
    for number in range(10):
        file.write(b"line %d ...\n" % number)  # two to a file
    assert read_folder(tmp_path) == {
        "log.0.old.jsonl": "line 6 ...\nline 7 ...\n",
        "log.0.jsonl": "line 8 ...\nline 9 ...\n",
    }
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_file_is_held_until_its_process_is_dead(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    assert holder.stdout.readline()
    RotatedFile(path, 1000).write(b"second\n")
    holder.kill()
    holder.wait()
    holder.stdout.close()
    RotatedFile(path, 1000).write(b"third\n")
    assert read_folder(tmp_path)["log.0.jsonl"] == "first\nthird\n"
    assert read_folder(tmp_path)["log.1.jsonl"] == "second\n"


def test_writers_at_once_tear_no_line_and_take_a_file_each(tmp_path: Path) -> None:
    def write(name: str) -> None:
        file = RotatedFile(tmp_path / "log", 300)
        for number in range(200):
            file.write(f"{name} {number:06}\n".encode())

    writers = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    texts = read_folder(tmp_path)
    # Between its old file and its new one, another may have taken that.
    assert len(texts) <= 2 * 2 * len(writers)
    lines = [line for text in texts.values() for line in text.splitlines()]
    written = {f"{name} {number:06}" for name in "abcd" for number in range(200)}
    assert len(lines) == len(set(lines))
    assert written.issuperset(lines)
    assert {f"{name} 000199" for name in "abcd"} <= set(lines)
    assert all(len(text) <= 300 and text.endswith("\n") for text in texts.values())


def test_a_file_that_is_taken_away_is_begun_anew(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "log", 1000)
    file.write(b"first\n")
    (tmp_path / "log.0").rename(tmp_path / "moved")
    file.write(b"second\n")
    (tmp_path / "log.0").unlink()
    file.write(b"third\n")
    assert read_folder(tmp_path) == {"moved": "first\n", "log.0": "third\n"}


def test_a_line_that_was_left_unfinished_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "log.0").write_text("whole\nunfin")
    RotatedFile(tmp_path / "log", 1000).write(b"next\n")
    assert (tmp_path / "log.0").read_text() == "whole\nunfin\nnext\n"
