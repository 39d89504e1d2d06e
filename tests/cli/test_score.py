"""python -m service score, as a person runs it."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from applications import KEY, tile_applications
from arrow_streams import write_arrow
from pipelines import CREDIT
from pyarrow import compute, csv, feather
from pyarrow import parquet as pq

from service.batch import scorer
from service.batch.piece import ROWS_OF_PIECE
from service.cli.main import main
from service.cli.score import interrupted_by_sigterm

SOME = 3000


def run(*options: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["score", str(CREDIT), *map(str, options)])
    return int(caught.value.code or 0)


def list_files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_files_of_every_kind_are_answered_in_order(tmp_path: Path) -> None:
    """What breaks the contract lies beside, with its file, its row and its reason."""
    rows = ROWS_OF_PIECE + 3500
    bad = {5: {"Age": 17}, ROWS_OF_PIECE + 7: {"Age": 17}}
    table = tile_applications(rows, bad)
    folder = tmp_path / "in"
    folder.mkdir()
    pq.write_table(table[: ROWS_OF_PIECE + 500], folder / "0.parquet")
    pq.write_table(table[ROWS_OF_PIECE + 500 : -2000], folder / "1.parquet")
    feather.write_feather(table[-2000:-1000], folder / "2.feather")
    (folder / "_SUCCESS").touch()
    out = tmp_path / "scores.parquet"
    pq.write_table(table[-1000:], tmp_path / "last.parquet")
    inputs = (folder, tmp_path / "l*.parquet")
    assert run(*inputs, "--out", out, "--keep", KEY, "--processes", 2) == 1

    answers = pq.read_table(out)
    score = scorer(CREDIT, keep=[KEY], on_invalid="reject")
    wanted = score(table)
    wanted = wanted.filter(compute.is_null(wanted["rejected"]))
    assert answers.equals(wanted.drop_columns(["rejected"]))
    rejected = pq.read_table(tmp_path / "scores.rejected.parquet").to_pylist()
    assert [tuple(each.values())[:3] for each in rejected] == [
        ("000000005", str(folder / "0.parquet"), 5),
        (f"{ROWS_OF_PIECE + 7:09}", str(folder / "0.parquet"), ROWS_OF_PIECE + 7),
    ]
    assert {each["reason"] for each in rejected} == {"Age must be between 18 and 120"}
    manifest = json.loads((tmp_path / "scores.manifest.json").read_text())
    assert (manifest["rows"], manifest["rejected"]) == (rows, 2)
    assert [each["rows"] for each in manifest["inputs"]] == [
        ROWS_OF_PIECE + 500,
        1000,
        1000,
        1000,
    ]
    assert manifest["artefact"]["version"] == "1.0.0"
    assert manifest["drift"]["count"] == rows - 2
    assert list_files(tmp_path) == {
        *("in", "last.parquet", "scores.parquet", "scores.rejected.parquet"),
        "scores.manifest.json",
    }


def test_csv_is_read_as_that_of_a_request_and_written(tmp_path: Path) -> None:
    table = tile_applications(SOME, {3: {"Age": 17}, 4: {"Home": None, "Income": None}})
    frame = table.to_pandas()
    frame["Note"] = 'a "quote", and\na second line'
    frame["Income"] = frame["Income"].astype(object)
    frame.loc[9, "Income"] = "a lot"
    frame.to_csv(tmp_path / "in.csv", index=False)
    out = tmp_path / "out.csv"
    keep = ("--keep", KEY, "Note")
    assert run(tmp_path / "in.csv", "--out", out, *keep, "--processes", 1) == 1
    text = pa.string()
    types = csv.ConvertOptions(column_types={KEY: text, "warnings": text})
    parse = csv.ParseOptions(newlines_in_values=True)
    answers = csv.read_csv(out, parse_options=parse, convert_options=types)
    wanted = scorer(CREDIT, keep=[KEY], on_invalid="reject")(table)
    is_valid = pa.array([row not in (3, 9) for row in range(SOME)])
    wanted = wanted.filter(is_valid).drop_columns(["rejected", "warnings"])
    assert answers.select(wanted.column_names).equals(wanted)
    assert set(answers["Note"].to_pylist()) == {'a "quote", and\na second line'}
    rejected = (tmp_path / "out.rejected.csv").read_text()
    assert "Income" in rejected
    assert "a lot" not in rejected


Break = Callable[[Path], object]


def damage_footer(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-300:-8] = 292 * b"\xff"
    path.write_bytes(content)


def replace(path: Path, change: Callable[[Any], Any]) -> None:
    pq.write_table(change(pq.read_table(path)), path)


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


FAULTS: dict[str, tuple[Break, str]] = {
    "damaged footer": (damage_footer, "b.parquet cannot be read"),
    "no Parquet": (lambda p: p.write_bytes(b"PAR"), "b.parquet cannot be read"),
    "a folder": (make_folder, "b.parquet has no file"),
    "gone": (lambda p: p.unlink(), "No such file"),
    "missing column": (
        lambda p: replace(p, lambda t: t.drop_columns(["Age"])),
        "b.parquet lacks the columns Age.",
    ),
    "extra column": (
        lambda p: replace(p, lambda t: t.append_column("more", t["Age"])),
        "b.parquet has columns that are no features of the model: more.",
    ),
    "a column without a name": (
        lambda p: replace(p, lambda t: t.append_column("", t["Age"])),
        "are no features of the model: one without a name.",
    ),
    "another type of key": (
        lambda p: replace(p, lambda t: t.set_column(0, KEY, t["Age"])),
        "b.parquet differs from ",
    ),
    "nested type": (
        lambda p: replace(
            p, lambda t: t.set_column(4, "Age", pa.array([[30]] * len(t)))
        ),
        "in the column Age, which must hold numbers.",
    ),
    "wrong type": (
        lambda p: replace(p, lambda t: t.set_column(4, "Age", t["Home"])),
        "has string in the column Age, which must hold numbers.",
    ),
}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"FEA1 and so on", "it is Feather of version 1: write it again by version 2"),
        (write_arrow(tile_applications(10)), "it is an Arrow stream: write it as a"),
    ],
)
def test_another_format_of_arrow_is_named(
    content: bytes, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.arrow").write_bytes(content)
    assert run(tmp_path / "in.arrow", "--out", tmp_path / "out.csv") == 2
    assert f"in.arrow cannot be read: {sentence}" in capsys.readouterr().err


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_input_is_one_sentence_and_leaves_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path in paths:
        pq.write_table(tile_applications(10), path)
    spoil, sentence = FAULTS[name]
    spoil(paths[1])
    before = list_files(tmp_path)
    assert run(*paths, "--out", tmp_path / "out.parquet", "--keep", KEY) == 2
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith("FAIL  ")
    assert sentence in said
    assert list_files(tmp_path) == before


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty: it must have a header"),
        (b"\xff\xfe\n", "is not in UTF-8"),
        (b"Age,Age\n1,2\n", "two columns of one name"),
        (b"Age\n1\n", "lacks the columns Seniority,"),
        (b"Age\rHome\r1\r", "the header is no row of names"),
        (b'Age,"Home\n1,2\n', "the header is no row of names"),
        (b"Age;Home\n1;2\n", "fields are parted by ';'"),
        (b"A\0g\0e\0\n", "it holds a NUL"),
        (b"x" * 200_000 + b",Age\n", "lacks the columns Seniority,"),
    ],
)
def test_a_faulty_header_is_one_sentence(
    content: bytes, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    assert run(tmp_path / "in.csv", "--out", tmp_path / "out.csv") == 2
    assert sentence in capsys.readouterr().err
    assert list_files(tmp_path) == {"in.csv"}


@pytest.mark.parametrize(
    ("inputs", "out", "sentence"),
    [
        (["in"], "in/out.parquet", "lies in "),
        (["in/*.parquet"], "in/out.parquet", "lies in "),
        (["in"], "there.parquet", "exists, and is not overwritten"),
        (["in"], "out.json", "must end in .parquet or .csv"),
        (["in"], "none/out.csv", "There is no folder"),
        (["none*"], "out.csv", "has no file that could be scored"),
        (["in", "in/a.parquet"], "out.csv", "is named twice"),
        (["in", "a.parquet"], "out.csv", "is named twice: it is"),
        (["linked/*.parquet"], "in/out.parquet", "lies in "),
        (["delta"], "out.csv", "is a table with a log (_delta_log), by which"),
        (["caf\udce9.csv"], "out.csv", r"caf\udce9.csv has a name that is not in UTF"),
        (["links"], "out.csv", "is a link to a folder, which is not followed"),
        (["lost.parquet"], "out.csv", "cannot be read: No such file"),
        (["in"], "lost.parquet", "exists, and is not overwritten"),
        (["in", "notes.txt"], "out.csv", "by its name"),
    ],
)
def test_an_order_that_cannot_be_run_is_one_sentence(
    inputs: list[str],
    out: str,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "in").mkdir()
    pq.write_table(tile_applications(10), tmp_path / "in/a.parquet")
    (tmp_path / "there.parquet").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "links").mkdir()
    (tmp_path / "delta/_delta_log").mkdir(parents=True)
    (tmp_path / "caf\udce9.csv").touch()
    for link, target in (
        *(("a.parquet", "in/a.parquet"), ("linked", "in"), ("lost.parquet", "none")),
        ("links/sub", "../in"),
    ):
        (tmp_path / link).symlink_to(target)
    before = list_files(tmp_path)
    named = [tmp_path / each for each in inputs]
    assert run(*named, "--out", tmp_path / out, "--keep", KEY) == 2
    [said] = capsys.readouterr().err.splitlines()
    assert sentence in said
    assert list_files(tmp_path) == before


def test_sigterm_interrupts_as_a_person_does() -> None:
    """In a container the first process would ignore it, and be killed in the end."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), interrupted_by_sigterm():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_invalid_row_stops_the_run_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(tile_applications(SOME, {2000: {"Age": 17}}), source)
    options = ("--keep", KEY, "--on-invalid", "stop", "--processes", 1)
    assert run(source, "--out", out, *options) == 2
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith(f"FAIL  {source}, row 2000: Age must be")
    assert list_files(tmp_path) == {"in.parquet"}
