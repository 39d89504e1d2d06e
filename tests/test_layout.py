"""The architecture, as the imports show it: arrows point one way."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SERVICE = ROOT / "service"
MODULES = sorted(SERVICE.rglob("*.py"))
PACKAGES = sorted({path.parent for path in MODULES} - {SERVICE})

# What each part may import, of ours and of the libraries that it must not know.
FILES = {"service.mapped_file", "service.regular_file"}
BOTTOM = {"service.settings", "service.setting_values", "service.malloc", *FILES}
PARTS = {
    "model": (
        {"service.model", *FILES},
        {"flask", "werkzeug", "gunicorn", "flask_limiter"},
    ),
    "web": (
        {"service.model", "service.web", *BOTTOM},
        {"sklearn", "numpy", "pandas", "joblib", "gunicorn"},
    ),
    "update": (
        {"service.update", "service.model"},
        {"flask", "gunicorn", "sklearn", "pandas", "joblib"},
    ),
    "batch": (
        {"service.batch", "service.model", "service.malloc", *FILES},
        {"flask", "gunicorn", "werkzeug", "sklearn", "joblib"},
    ),
    "diagnosis": (
        {"service.diagnosis", "service.update", "service.model"},
        {"flask", "gunicorn", "sklearn", "pandas", "numpy"},
    ),
    "server": (
        {"service.server", "service.web.request", *BOTTOM},
        {"sklearn", "numpy", "pandas", "joblib", "flask"},
    ),
}

# A line of a table of contents: the name of a module or of a folder.
LISTED = re.compile(r"^(\w+)(\.py|/) ", re.MULTILINE)

# Where a training script's one call is found, without importing it where it is served.
LAZY = SERVICE / "model/__init__.py"

# What is done by libraries that need not be installed: Parquet, Arrow and networks.
OPTIONAL = (
    SERVICE / "model/runtimes/onnx.py",
    SERVICE / "model/runtimes/litert.py",
    SERVICE / "model/runtimes/torch.py",
    SERVICE / "model/runtimes/saved_model.py",
    SERVICE / "model/runtimes/from_torch.py",
    SERVICE / "model/runtimes/from_keras.py",
    SERVICE / "model/runtimes/keras_export.py",
    SERVICE / "model/device/places.py",
    SERVICE / "model/rows_file.py",
    SERVICE / "model/contract/arrow_stream.py",
    SERVICE / "model/contract/arrow_tensors.py",
    SERVICE / "batch/arrow.py",
)


def name_module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


NAMES = {name_module(path) for path in MODULES}


def iterate_imports(path: Path) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield node, full if full in NAMES else str(node.module)


def list_contents(package: Path) -> list[str]:
    """Return what a package says is in it, in its order."""
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text()))
    return [name for name, _ in LISTED.findall(text or "")]


@pytest.mark.parametrize("path", MODULES, ids=name_module)
def test_a_module_imports_only_what_its_part_may(path: Path) -> None:
    part = path.relative_to(SERVICE).parts[0]
    if part not in PARTS:
        return
    ours, foreign = PARTS[part]
    for _, name in iterate_imports(path):
        assert name.partition(".")[0] not in foreign
        if name.startswith("service"):
            assert any(name.startswith(allowed) for allowed in ours), name


@pytest.mark.parametrize("path", MODULES, ids=name_module)
def test_no_import_hides_within_a_function(path: Path) -> None:
    if path not in (LAZY, *OPTIONAL):
        assert all(node.col_offset == 0 for node, _ in iterate_imports(path))
    # A client of Redis is imported where one is used, polars where there is one.
    if path.name != "limits.py":
        is_lazy = "import_module(" in path.read_text()
        assert is_lazy == (path == LAZY)


@pytest.mark.parametrize("package", PACKAGES, ids=name_module)
def test_a_package_lists_what_is_in_it(package: Path) -> None:
    found = {path.stem for path in package.glob("*.py")} - {"__init__"}
    found |= {path.name for path in package.iterdir() if path in PACKAGES}
    listed = list_contents(package)
    assert sorted(listed) == sorted(found)


@pytest.mark.parametrize("package", PACKAGES, ids=name_module)
def test_a_package_is_listed_in_an_order_in_which_nothing_imports_what_follows(
    package: Path,
) -> None:
    listed, own = list_contents(package), name_module(package)
    for place, name in enumerate(listed):
        paths = [package / f"{name}.py", *(package / name).rglob("*.py")]
        for path in filter(Path.exists, paths):
            for _, imported in iterate_imports(path):
                if imported.startswith(f"{own}."):
                    below = imported.removeprefix(f"{own}.").partition(".")[0]
                    assert listed.index(below) <= place, f"{path}: {imported}"


def list_imported(name: str) -> list[str]:
    """Return all modules that a fresh process has once it has imported one."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {name}; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_what_serves_a_model_imports_nothing_that_makes_one() -> None:
    modules = list_imported("service.app")
    assert "service.model.prediction.predictor" in modules
    assert not [name for name in modules if "service.model.packaging" in name]


def test_what_makes_a_model_imports_no_web_framework() -> None:
    modules = list_imported("service.model.packaging.package")
    assert "service.model.loading" in modules
    assert not {"flask", "werkzeug", "gunicorn", "service.app"} & set(modules)


def test_the_bottom_knows_nothing_of_ours() -> None:
    files = ("setting_values.py", "malloc.py", "regular_file.py", "model/errors.py")
    known = {"settings.py": {"service.setting_values"}}
    for bottom in ("settings.py", *files):
        names = {name for _, name in iterate_imports(SERVICE / bottom)}
        ours = {name for name in names if name.startswith("service")}
        assert ours == known.get(bottom, set())


@pytest.mark.parametrize(
    "part", ["batch", "cli", "diagnosis", "model", "server", "web"]
)
def test_tests_mirror_the_service(part: str) -> None:
    """Each lies where its module does; what is for a whole folder lies in that."""
    for path in (ROOT / "tests" / part).rglob("test_*.py"):
        folder = SERVICE / path.parent.relative_to(ROOT / "tests")
        assert folder.is_dir(), path


def test_no_module_is_a_drawer() -> None:
    assert not {p.stem for p in MODULES} & {"utils", "helpers", "common", "misc"}
