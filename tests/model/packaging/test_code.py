"""What may travel in an artefact, and what is refused."""

import importlib
import json
import json.decoder
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from service.model.artefact.folder import read_artefact
from service.model.errors import PackagingError
from service.model.packaging.code import (
    collect_code,
    find_distributions,
    find_libraries,
    find_root,
)
from service.model.packaging.package import package

Write = Any
X = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "z": [4.0, 1.0, 3.0, 2.0]})
Y = [0, 1, 0, 1]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write files of a project; what is imported of them is forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))

    def write_files(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        importlib.invalidate_caches()
        return tmp_path

    yield lambda files: write_files(**files)
    for name in set(sys.modules) - before:
        del sys.modules[name]


def attempt(function: Any, to: Path, code: Any) -> Path:
    pipeline = make_pipeline(FunctionTransformer(function), LogisticRegression())
    pipeline.fit(X, Y)
    return package(pipeline, X, name="m", version="1.0.0", to=to / "out", code=code)


@pytest.mark.usefixtures("impatient")
def test_a_module_that_is_no_regular_file_is_refused_without_waiting(
    write: Write,
) -> None:
    folder = write({"piped/__init__.py": ""})
    os.mkfifo(folder / "piped/part.py")
    with pytest.raises(PackagingError, match=r"'piped\.part' .* it is a named pipe"):
        collect_code(["piped"])


@pytest.mark.parametrize("name", ["turtle", "service.model", "__main__", "orjson"])
def test_a_name_that_cannot_travel_is_refused(name: str) -> None:
    if name == "orjson":
        collect_code([name])  # a package: its Python part may travel
        return
    with pytest.raises(PackagingError, match="that name is taken"):
        collect_code([name])


def test_a_module_that_is_imported_beside_travels_too(write: Write) -> None:
    write(
        {
            "outer.py": "import os\nfrom inner import first\nimport far.off\n",
            "inner.py": "def first(X):\n    import lazy\n    return X\n",
            "lazy.py": "",
            "far/off.py": "",
        }
    )
    code = collect_code("outer")
    assert set(code.modules) == {"outer", "inner", "lazy", "far", "far.off"}
    assert code.added == ["inner", "far", "lazy"]


def test_a_module_is_named_by_its_path_or_given_itself(write: Write) -> None:
    folder = write(
        {"lone.py": "", "pack/__init__.py": "", "pack/part.py": "from . import other"}
        | {"pack/other.py": ""}
    )
    lone = importlib.import_module("lone")
    for code in (lone, [lone], "lone", folder / "lone.py", [str(folder / "lone.py")]):
        assert collect_code(code).modules.keys() == {"lone"}
    for code in (folder / "pack", f"{folder}/pack", folder / "pack/__init__.py"):
        assert collect_code(code).modules.keys() == {"pack", "pack.part", "pack.other"}
    found = collect_code(folder / "pack/part.py").modules
    assert found.keys() == {"pack", "pack.part", "pack.other"}
    with pytest.raises(PackagingError, match=r"absent.py', which is no Python module"):
        collect_code(folder / "absent.py")


def test_what_may_be_missing_is_not_asked_for(write: Write) -> None:
    write(
        {
            "careful.py": "from typing import TYPE_CHECKING\n"
            "try:\n    import absent_one\nexcept ImportError:\n    absent_one = None\n"
            "if TYPE_CHECKING:\n    import absent_two\n"
            "def late():\n    import absent_three\n"
        }
    )
    assert collect_code(["careful"]).modules.keys() == {"careful"}


def test_what_cannot_travel_is_named_with_the_line_that_asks_for_it(
    write: Write,
) -> None:
    write({"wanting.py": "import json\n\nimport absent_one.part\n"})
    with pytest.raises(PackagingError, match=r"'wanting' imports 'absent_one' in .* 3"):
        collect_code(["wanting"])
    folder = write({"compiled.py": "import speedy\n"})
    (folder / "speedy.cpython-311-x86_64-linux-gnu.so").write_bytes(b"")
    with pytest.raises(PackagingError, match=r"'speedy' in line 1.*speedy\.cpython"):
        collect_code(["compiled"])


def test_a_package_module_that_was_never_imported_asks_for_nothing(
    write: Write,
) -> None:
    write({"pack/__init__.py": "", "pack/tests/test_it.py": "import absent_one\n"})
    code = collect_code(["pack"])
    assert code.modules.keys() == {"pack", "pack.tests", "pack.tests.test_it"}


def test_files_beside_a_module_travel_and_are_read(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(
        {
            "pack/__init__.py": "",
            "pack/tables/means.csv": "x,z\n1,2\n",
            "pack/tables/other.csv": "x,z\n1,2\n",
            "pack/words.en.txt": "a",
            "top.txt": "3",
            "pack/.env": "KEY=secret",
            "pack/part.py": "import pkgutil\nfrom importlib.resources import files\n"
            "from pathlib import Path\nimport pandas as pd\n"
            "MEANS = pd.read_csv(Path(__file__).parent / 'tables' / 'means.csv')\n"
            "WORDS = [files('pack').joinpath(f'words.{k}.txt').read_text() for k in"
            " ['en']]\nWORDS += [pkgutil.get_data('pack', f'words.{k}.txt') for k in"
            " ['en']]\n"
            "TOP = float((Path(__file__).parents[1] / 'top.txt').read_text())\n"
            "ENV = Path(__file__).with_name('.env')\n"
            "def centre(X):\n    return X - MEANS.iloc[0] + TOP + len(WORDS)\n",
        }
    )
    part = importlib.import_module("pack.part")
    version = attempt(part.centre, folder, part)
    assert {f for f in read_artefact(version).manifest.files if "code" in f} == {
        "code/pack/__init__.py",
        "code/pack/part.py",
        "code/pack/tables/means.csv",
        "code/pack/words.en.txt",
        "code/top.txt",
    }
    shown = capsys.readouterr().out
    assert "read by code=, and travelling too: code/pack/tables/means.csv, " in shown


def test_a_file_that_is_not_found_beside_is_named_with_the_line(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(
        {
            "near.py": "from pathlib import Path\nMEAN = Path('mean.txt').read_text()\n"
            "def use(X):\n    return X\n"
        }
        | {"mean.txt": "1.5"}
    )
    monkeypatch.chdir(folder)
    near = importlib.import_module("near")
    with pytest.raises(PackagingError, match=r"mean\.txt.*code/near\.py, line 2"):
        attempt(near.use, folder, near)


PLOTS = """
import matplotlib
import matplotlib.pyplot as plt
from seaborn import set_theme

matplotlib.use("Agg")
set_theme()
plt.rcParams["figure.figsize"] = (4, 3)

def centre(X):
    return X - {value}

def plot(X):
    with plt.style.context("ggplot"):
        plt.plot(X)
"""

# What a plotting library has that is used above.
STAND_IN = """
import contextlib
rcParams = {}
use = set_theme = plot = lambda *args: None
LIMIT = 2.5
class style:
    context = contextlib.nullcontext
"""


def test_a_plotting_library_is_left_out_unless_a_value_of_it_is_wanted(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(
        {
            "plots.py": PLOTS.format(value=1),
            "values.py": PLOTS.format(value="plt.LIMIT"),
        }
        | {"matplotlib/__init__.py": STAND_IN, "matplotlib/pyplot.py": STAND_IN}
        | {"seaborn.py": STAND_IN}
        | {
            f"{name}-1.0.dist-info/{file}": text
            for name in ("matplotlib", "seaborn")
            for file, text in (
                ("METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"),
                ("top_level.txt", name),
            )
        }
    )
    plots = importlib.import_module("plots")
    manifest = read_artefact(attempt(plots.centre, folder, plots)).manifest
    assert manifest.left_out == ("matplotlib", "seaborn")
    assert "matplotlib" not in manifest.libraries
    values = importlib.import_module("values")
    code = collect_code(values)
    assert find_libraries([], code) == ["matplotlib", "seaborn"]


def test_a_setting_of_the_process_is_named(write: Write) -> None:
    folder = write({"near.py": "def use(X):\n    return X['x'].to_frame() * 2\n"})
    near = importlib.import_module("near")
    steps = StandardScaler(), FunctionTransformer(near.use), LogisticRegression()
    with config_context(transform_output="pandas"):
        pipeline = make_pipeline(*steps).fit(X, Y)
        with pytest.raises(PackagingError, match=r"set_output\(transform='pandas'\)"):
            package(
                pipeline, X, name="m", version="1.0.0", to=folder / "out", code=near
            )


def test_a_version_of_relative_imports_answers(write: Write) -> None:
    folder = write(
        {
            "pack/__init__.py": "from .sub.deep import shift\n",
            "pack/base.py": "SHIFT = 2.0\n",
            "pack/sub/__init__.py": "",
            "pack/sub/deep.py": "from ..base import SHIFT\nfrom . import near\n"
            "def shift(X):\n    return near.double(X) + SHIFT\n",
            "pack/sub/near.py": "def double(X):\n    return 2 * X\n",
        }
    )
    shift = importlib.import_module("pack").shift
    version = attempt(shift, folder, ["pack.sub.deep"])
    assert read_artefact(version).manifest.code == (
        *("pack.sub.deep", "pack", "pack.sub", "pack.base", "pack.sub.near"),
    )
    assert np.isfinite(shift(X)).all(axis=None)


def test_a_module_is_of_its_package_by_whatever_name_it_is_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "_decoder", json.decoder)
    assert find_root("_decoder") == find_root("json.decoder") == "json"
    assert find_root("not_imported.at.all") == "not_imported"


def test_what_is_installed_meanwhile_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("earlier", "later"):
        assert name not in find_distributions()
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
        (folder / "top_level.txt").write_text(name)
        assert find_distributions()[name] == [name]
