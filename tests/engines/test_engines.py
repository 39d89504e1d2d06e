"""Spark, dask and Ray, each with two workers, give the service's answers to the bit."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from applications import KEY, tile_applications
from arrow_streams import write_arrow
from conftest import Serve
from pipelines import CREDIT, ROOT
from pyarrow import parquet as pq
from referees.environment import prepare_environment
from server import UNLIMITED

from service.model.contract.arrow_stream import ARROW

pytestmark = pytest.mark.skipif(
    "ENGINES" not in os.environ, reason="these are run by make test-engines"
)

PROGRAMS = Path(__file__).parent / "programs"

# By hand with 100,000.
ROWS = int(os.environ.get("ROWS", "20000"))
ROWS_OF_REQUEST = 10_000


@pytest.fixture(scope="module")
def table() -> Any:
    return tile_applications(ROWS)


@pytest.fixture(scope="module")
def source(table: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("engines") / "in.parquet"
    pq.write_table(table, path, row_group_size=ROWS // 4)
    return path


@pytest.fixture(scope="module")
def served(table: Any, serve_module: Serve) -> Any:
    """What the service answers to the same rows, by key."""
    server = serve_module(CREDIT, **UNLIMITED)
    headers = {"Content-Type": ARROW, "Accept": ARROW, "X-API-Key": server.key}
    parts = []
    for at in range(0, ROWS, ROWS_OF_REQUEST):
        body = write_arrow(table[at : at + ROWS_OF_REQUEST].drop_columns([KEY]))
        answer = server.client.post("/v1/predict", content=body, headers=headers)
        assert answer.status_code == 200
        parts.append(pa.ipc.open_stream(answer.content).read_all())
    found = pa.concat_tables(part.replace_schema_metadata(None) for part in parts)
    return found.add_column(0, KEY, table[KEY])


@pytest.mark.parametrize(
    ("engine", "ways"), [("spark", 2), ("dask", 1), ("ray", 1)], ids=str
)
def test_an_engine_answers_as_the_service(
    engine: str, ways: int, source: Path, served: Any, tmp_path: Path
) -> None:
    programs = prepare_environment("engines")
    done = subprocess.run(
        [programs / "python", PROGRAMS / f"run_{engine}.py", CREDIT, source, tmp_path],
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
            "PYSPARK_PYTHON": str(programs / "python"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    folders = [path for path in tmp_path.iterdir() if path.name in ("frame", "columns")]
    assert len(folders) == ways
    for folder in folders:
        found = pq.read_table(folder).sort_by(KEY).select(served.column_names)
        assert found.replace_schema_metadata(None).cast(served.schema).equals(served)


def test_files_are_answered_as_by_the_service(
    source: Path, served: Any, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    command = (sys.executable, "-m", "service", "score", CREDIT, source, "--out", out)
    options = ("--keep", KEY, "--processes", "2")
    subprocess.run([*command, *options], cwd=ROOT, check=True)
    assert pq.read_table(out).drop_columns(["warnings"]).equals(served)
