"""Regular expressions for matchers: Go's RE2 flavour, always against the whole value, in bounded time.

Alertmanager compiles patterns with Go's `regexp` (syntax: github.com/google/re2/wiki/Syntax) as `^(?:…)$`. We read
that syntax ourselves and write it out for Python's `re`, so that a pattern means what it means there: `\\d` and
`\\w` are ASCII, `$` is the end of the text, `[[:alpha:]]`, `\\Q…\\E`, `\\z` and flags inside the pattern work, and
what Go refuses (look-around, backreferences, possessive quantifiers) is refused. Unicode classes (`\\pL`) are not
supported.

Python's `re` backtracks, RE2 does not. A pattern that could be slow on a hostile value therefore runs on
`linear.py` instead, and one repetition directly inside another, as in `(a+)+`, is refused: it says nothing that
`a+` does not.
"""

import re
from functools import lru_cache
from typing import Protocol

from steward.algorithms.matching.errors import MatcherError
from steward.algorithms.matching.errors import gettext_noop as _
from steward.algorithms.matching.linear import LinearMatcher
from steward.algorithms.matching.syntax import Alt, Assertion, CharClass, Concat, Literal, Named, Node, Repeat, parse

MAX_PATTERN_LENGTH = 1000
MAX_VALUE_LENGTH = 4096
"""A longer value is not tested: it counts as not matching any pattern (so `!~` holds for it)."""

_MAX_STEPS = 16 * MAX_VALUE_LENGTH**2


class _Engine(Protocol):
    def fullmatch(self, text: str, /) -> object: ...


def too_long(pattern: str) -> MatcherError:
    text = _(
        "The pattern has %(n)s characters; at most %(most)s are allowed. Split it over several matchers or routes."
    )
    return MatcherError(text, n=len(pattern), most=MAX_PATTERN_LENGTH)


class CompiledPattern:
    """A pattern ready to test values."""

    __slots__ = ("_engine", "linear")

    def __init__(self, pattern: str) -> None:
        if len(pattern) > MAX_PATTERN_LENGTH:
            raise too_long(pattern)
        tree = parse(pattern)
        self.linear = worst_case(tree) > _MAX_STEPS
        self._engine: _Engine = LinearMatcher(tree, to_python) if self.linear else re.compile(to_python(tree))

    def matches(self, value: str) -> bool:
        """Say whether the whole value matches."""
        return len(value) <= MAX_VALUE_LENGTH and bool(self._engine.fullmatch(value))


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> CompiledPattern:
    """Compile once per distinct pattern; `MatcherError` says what is wrong with it."""
    return CompiledPattern(pattern)


def worst_case(node: Node, longest: int = MAX_VALUE_LENGTH) -> int:
    """Estimate how many ways a backtracking engine may try on a value of so many characters, capped."""
    match node:
        case Concat(parts):
            total = 1
            for part in parts:
                total = min(total * worst_case(part, longest), _MAX_STEPS + 1)
            return total
        case Alt(choices):
            return min(sum(worst_case(choice, longest) for choice in choices), _MAX_STEPS + 1)
        case Repeat(inner, low, high):
            most = longest if high is None else min(high, longest)
            # 64 doublings are past every bound, and keep the power small.
            ways: int = worst_case(inner, longest) ** min(most, 64)
            # A long fixed part is not another way, but its work is done again for every way.
            return min(ways * (most - min(low, most) + 1) * max(1, low // 16), _MAX_STEPS + 1)
        case Named(_name, inner):
            return worst_case(inner, longest)
        case _:
            return 1


def to_python(node: Node) -> str:
    """Write a tree as a pattern for Python's `re`; every flag becomes local, so no global flag is needed."""
    match node:
        case Literal(text, fold):
            return f"(?i:{re.escape(text)})" if fold else re.escape(text)
        case CharClass():
            return _class(node)
        case Assertion(kind):
            return _ASSERTIONS[kind]
        case Concat(parts):
            return "".join([to_python(part) for part in parts])
        case Alt(choices):
            return "(?:" + "|".join([to_python(choice) for choice in choices]) + ")"
        case Repeat(inner, low, high, lazy):
            return f"(?:{to_python(inner)})" + _quantifier(low, high) + ("?" if lazy else "")
        case Named(name, inner):
            return f"(?P<{name}>{to_python(inner)})"


_ASSERTIONS = {
    "text-start": r"\A",
    "text-end": r"\Z",
    "line-start": r"(?m:^)",
    "line-end": r"(?m:$)",
    "word-edge": r"(?a:\b)",
    # Not \B: before Python 3.14 it does not match the empty text, in Go it does.
    "no-word-edge": r"(?!(?a:\b))",
}


def _class(node: CharClass) -> str:
    if not node.ranges:
        return r"[^\s\S]" if not node.negated else r"[\s\S]"
    body = "".join([_character(low) + (f"-{_character(high)}" if high > low else "") for low, high in node.ranges])
    text = f"[{'^' if node.negated else ''}{body}]"
    return f"(?i:{text})" if node.fold else text


def _character(code: int) -> str:
    return f"\\U{code:08x}"


def _quantifier(low: int, high: int | None) -> str:
    if (low, high) == (0, 1):
        return "?"
    if high is None:
        return {0: "*", 1: "+"}.get(low, f"{{{low},}}")
    return f"{{{low}}}" if low == high else f"{{{low},{high}}}"
