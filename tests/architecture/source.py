"""The source as the architecture tests see it: modules, and the imports written in them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
FLOORS_WITH_ROOMS = ("business", "insight", "assurance", "service", "response", "signals", "estate", "people")


@dataclass(frozen=True)
class Module:
    """One Python file, known by its dotted name."""

    name: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def parts(self) -> list[str]:
        return self.name.split(".")

    @property
    def is_test(self) -> bool:
        return "tests" in self.parts

    @property
    def room(self) -> str | None:
        """The room that the module belongs to, `steward.<floor>.<room>`."""
        return room_of(self.name)


@dataclass(frozen=True)
class Function:
    """A function and the lines that it spans, the first counted as 1."""

    name: str
    first: int
    last: int


@dataclass(frozen=True)
class Import:
    """One imported name. `target` is absolute: the module, or the module and the name taken from it."""

    target: str
    line: int
    function: Function | None = None
    type_only: bool = False


def room_of(dotted: str) -> str | None:
    parts = dotted.split(".")
    if len(parts) >= 3 and parts[0] == "steward" and parts[1] in FLOORS_WITH_ROOMS:
        return ".".join(parts[:3])
    return None


def modules() -> list[Module]:
    """Every Python file under src that runs here; migrations are left out too (Django writes those)."""
    found = []
    for path in sorted((SRC / "steward").rglob("*.py")):
        # What a kind of source ships runs at the sender's, without any of our modules.
        shipped = path.match("ingest/sources/*/files/*")
        if shipped or "migrations" in path.parts:
            continue
        relative = path.relative_to(SRC)
        is_package = path.name == "__init__.py"
        dotted = relative.parent if is_package else relative.with_suffix("")
        found.append(Module(".".join(dotted.parts), path.read_text(encoding="utf-8"), is_package))
    return found


def imports(module: Module) -> Iterator[Import]:
    """Every import in the module, wherever it stands."""
    yield from _imports(module, module.tree, None, False)


def _imports(module: Module, node: ast.AST, function: Function | None, type_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, child.lineno, function, type_only)
        elif isinstance(child, ast.ImportFrom):
            for alias in child.names:
                yield Import(f"{_base(module, child)}.{alias.name}", child.lineno, function, type_only)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = Function(child.name, child.lineno, child.end_lineno or child.lineno)
            yield from _imports(module, child, inside, type_only)
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for inner in child.body:
                yield from _imports(module, ast.Module([inner], []), function, True)
            for inner in child.orelse:
                yield from _imports(module, ast.Module([inner], []), function, type_only)
        else:
            yield from _imports(module, child, function, type_only)


def _base(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.parts if module.is_package else module.parts[:-1]
    package = package[: len(package) - (node.level - 1)]
    return ".".join([*package, *([node.module] if node.module else [])])
