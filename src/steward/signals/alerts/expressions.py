"""JMESPath expressions that people write, on data that strangers send: bounded in length, in time and in what they make.

Pure. An expression that begins with ``$.`` looks at the whole body and not at the alert, one with ``$query.`` at the
parameters of the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter

MAX_LENGTH = 1_000
# Only lists and objects that an expression writes out make more than there was; nested ones multiply.
MAX_GROWTH = 5_000
MAX_STEPS = 200_000
_MAKING = frozenset({"multi_select_list", "multi_select_dict"})
# What JMESPath lets through from Python on values that nobody thought of.
_FAULTS = (JMESPathError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


class BadExpression(Exception):
    """It cannot be used, or fails on this value; the message says why."""


class _Interpreter(TreeInterpreter):  # type: ignore[misc]
    """Counts its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.left = MAX_STEPS

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise BadExpression("It takes too many steps on this payload.")
        return super().visit(node, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class Expression:
    """One that was read. ``place``: ``alert``, ``body`` or ``query``."""

    text: str
    tree: Any
    place: str

    def find(self, alert: Any, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """What it finds; None for nothing. Raises BadExpression."""
        value = {"alert": alert, "body": body, "query": query or {}}[self.place]
        if self.tree is None:
            return value
        try:
            return _Interpreter().visit(self.tree, value)
        except _FAULTS as error:
            raise BadExpression(_one_line(error)) from error


@lru_cache(maxsize=4_096)
def expression(text: str) -> Expression:
    """Read an expression. Raises BadExpression."""
    if len(text) > MAX_LENGTH:
        raise BadExpression(f"An expression may have {MAX_LENGTH} characters.")
    place, rest = "alert", text.strip()
    for prefix, name in (("$query", "query"), ("$", "body")):
        if rest.startswith(prefix):
            place, rest = name, rest.removeprefix(prefix).removeprefix(".").strip()
            break
    if not rest:
        if place == "alert":
            raise BadExpression("Write an expression.")
        return Expression(text, None, place)
    try:
        tree = jmespath.compile(rest).parsed
        if _growth(tree) > MAX_GROWTH:
            raise BadExpression("Its lists and objects are nested too deeply.")
    except _FAULTS as error:
        raise BadExpression(_one_line(error)) from error
    return Expression(text, tree, place)


def _growth(tree: Any) -> int:
    """How many times its input an expression can make at most."""
    children = [_growth(child) for child in tree.get("children", ()) if isinstance(child, dict)]
    if tree["type"] in _MAKING:
        return max(1, sum(children))
    made = 1
    for each in children:
        made *= each
    return made


def _one_line(error: BaseException) -> str:
    """What the library says, without its drawing of the place."""
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
