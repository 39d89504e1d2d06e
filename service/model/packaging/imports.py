"""What a module imports, as its source says."""

import ast
import importlib.util
from collections.abc import Iterable
from typing import NamedTuple

from service.model.errors import PackagingError, describe_error

# Where one of these is caught, what is imported may be missing.
CAUGHT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


class Import(NamedTuple):
    """An import of a module by its absolute name, and the line that asks for it.

    `parts` are what is imported from it, each a module below it or an attribute. It is
    optional in a function, or where an ImportError is caught.
    """

    module: str
    parts: tuple[str, ...]
    line: int
    is_optional: bool

    @property
    def full_parts(self) -> list[str]:
        """The parts by their absolute names."""
        return [f"{self.module}.{part}" for part in self.parts]


def parse_source(source: bytes, name: str) -> ast.Module:
    """Parse a module. Raises PackagingError."""
    try:
        return ast.parse(source, filename=name)
    except (SyntaxError, ValueError) as error:
        raise PackagingError(
            f"The module {name!r} cannot be read: {describe_error(error)}."
        ) from None


def find_imports(tree: ast.Module, package: str) -> list[Import]:
    """Return the imports of a module in a package, to which some are relative."""
    visitor = _ImportVisitor(package)
    visitor.visit(tree)
    return visitor.found


class _ImportVisitor(ast.NodeVisitor):
    def __init__(self, package: str) -> None:
        self.package = package
        self.found: list[Import] = []
        self._is_optional = False

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._note(alias.name, (), node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        name = "." * node.level + (node.module or "")
        if node.level:
            try:
                name = importlib.util.resolve_name(name, self.package)
            except ImportError:  # beyond the top-level package: it never runs
                return
        self._note(name, tuple(alias.name for alias in node.names), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_optional(ast.iter_child_nodes(node))

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit_optional(ast.iter_child_nodes(node))

    def visit_Try(self, node: ast.Try) -> None:
        if not any(map(_catches_absence, node.handlers)):
            self.generic_visit(node)
            return
        self._visit_optional([*node.body, *node.handlers])
        for each in [*node.orelse, *node.finalbody]:
            self.visit(each)

    def visit_If(self, node: ast.If) -> None:
        is_for_types = "TYPE_CHECKING" in ast.unparse(node.test)
        for each in node.orelse if is_for_types else [*node.body, *node.orelse]:
            self.visit(each)

    def _visit_optional(self, nodes: Iterable[ast.AST]) -> None:
        before, self._is_optional = self._is_optional, True
        for node in nodes:
            self.visit(node)
        self._is_optional = before

    def _note(self, module: str, parts: tuple[str, ...], node: ast.stmt) -> None:
        self.found.append(Import(module, parts, node.lineno, self._is_optional))


def _catches_absence(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return not names.isdisjoint(CAUGHT)
