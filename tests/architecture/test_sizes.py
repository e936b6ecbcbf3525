"""Small pieces: files, functions, and a README for every room that is read in a minute."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import FLOORS_WITH_ROOMS, ROOT, SRC, modules

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
MAX_README_LINES = 40


def long_functions(name: str, tree: ast.AST) -> Iterator[str]:
    """Decorators do not count; the docstring does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {lines} lines"


def rooms() -> list[Path]:
    """The folders with code one below a floor."""
    floors = [SRC / "steward" / floor for floor in (*FLOORS_WITH_ROOMS, "foundation", "algorithms")]
    folders = sorted(path for floor in floors if floor.is_dir() for path in floor.iterdir() if path.is_dir())
    return [path for path in folders if path.name != "tests" and any(path.glob("*.py"))]


def test_files_are_short() -> None:
    long = [
        f"{module.name} has {len(module.lines)} lines" for module in modules() if len(module.lines) > MAX_FILE_LINES
    ]
    assert not long, "\n" + "\n".join(long)


def test_functions_are_short() -> None:
    long = [text for module in modules() for text in long_functions(module.name, module.tree)]
    assert not long, "\n" + "\n".join(long)


def test_the_measure_counts_lines() -> None:
    body = "    pass\n" * MAX_FUNCTION_LINES
    assert list(long_functions("m", ast.parse(f"class A:\n  def f(self):\n{body}")))
    assert not list(long_functions("m", ast.parse("@decorator\ndef f():\n" + body.removesuffix("    pass\n"))))


def test_every_room_has_a_short_readme() -> None:
    assert rooms()
    wrong = []
    for room in rooms():
        readme = room / "README.md"
        if not readme.is_file():
            wrong.append(f"{readme.relative_to(ROOT)} is missing")
        elif (lines := len(readme.read_text(encoding="utf-8").splitlines())) > MAX_README_LINES:
            wrong.append(f"{readme.relative_to(ROOT)} has {lines} lines")
    assert not wrong, "\n" + "\n".join(wrong)
