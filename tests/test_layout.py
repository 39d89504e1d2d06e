"""The architecture, as the imports show it: arrows point one way."""

import ast
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

SERVICE = Path(__file__).parents[1] / "service"
MODULES = sorted(SERVICE.rglob("*.py"))

# What each room may import, of ours and of the libraries it must not know.
ROOMS = {
    "model": ({"service.model"}, {"flask", "werkzeug", "gunicorn", "flask_limiter"}),
    "web": (
        {"service.model", "service.web", "service.settings", "service.memory"},
        {"sklearn", "numpy", "pandas", "joblib"},
    ),
}


def name_module(path: Path) -> str:
    parts = path.relative_to(SERVICE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def iterate_imports(path: Path) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                is_module = full in {name_module(other) for other in MODULES}
                yield node, full if is_module else str(node.module)


@pytest.mark.parametrize("path", MODULES, ids=name_module)
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    room = path.relative_to(SERVICE).parts[0]
    if room not in ROOMS:
        return
    ours, foreign = ROOMS[room]
    for _, name in iterate_imports(path):
        assert name.partition(".")[0] not in foreign
        if name.startswith("service"):
            assert any(name.startswith(allowed) for allowed in ours), name


@pytest.mark.parametrize("path", MODULES, ids=name_module)
def test_no_import_hides_within_a_function(path: Path) -> None:
    assert all(node.col_offset == 0 for node, _ in iterate_imports(path))


def part_names(one: str, other: str) -> tuple[str, str]:
    """Return the neighbours, modules or folders, that two modules are or lie in."""
    names = one.split("."), other.split(".")
    steps = zip(*names, strict=False)
    depth = 1 + sum(1 for _ in takewhile(lambda step: step[0] == step[1], steps))
    above, below = (".".join(parts[:depth]) for parts in names)
    return above, below


def test_no_module_or_folder_imports_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        for _, name in iterate_imports(path):
            if name.startswith("service."):
                above, below = part_names(name_module(path), name)
                graph.setdefault(above, set()).add(below)

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        for below in graph.get(name, ()):
            visit(below, (*trail, name))

    for name in graph:
        visit(name, ())


def test_the_bottom_knows_nothing_of_ours() -> None:
    for bottom in ("settings.py", "memory.py", "model/errors.py"):
        names = [name for _, name in iterate_imports(SERVICE / bottom)]
        assert not [name for name in names if name.startswith("service")]


def test_no_module_is_a_drawer() -> None:
    assert not {p.stem for p in MODULES} & {"utils", "helpers", "common", "misc"}
