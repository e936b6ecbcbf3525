"""Taking parts out of a value: RE2 patterns with named groups, always against the whole value, in bounded time.

A value on which a pattern could be slow on Python's `re` goes through the automaton of `linear.py`, followed in the order
in which a backtracking engine would try, but never twice to the same place (as RE2's "BitState" does): the time is at most
that of all places, characters times nodes. Short values, as labels are, are not slow on most patterns.
"""

import re
from bisect import bisect_left
from functools import lru_cache

from steward.algorithms.matching.errors import MatcherError
from steward.algorithms.matching.errors import gettext_noop as _
from steward.algorithms.matching.linear import LinearMatcher, Step, holds, kind_of
from steward.algorithms.matching.regex import MAX_PATTERN_LENGTH, to_python, too_long, worst_case
from steward.algorithms.matching.syntax import Alt, Concat, Named, Node, Repeat, parse

MAX_EXTRACTED_FROM = 1000
"""Nothing is taken out of a longer value."""

_MAX_STEPS = 4 * MAX_EXTRACTED_FROM**2
_MAX_GROUPS = 32
# The name, whether it ends here, where, and the marks before.
_Marks = tuple[str, int, int, "_Marks"] | None
_GROUP_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


class Extractor:
    """A pattern ready to take parts out of values. `names` are its groups, in order."""

    __slots__ = ("_engine", "_quick", "_re", "names")

    def __init__(self, pattern: str) -> None:
        if len(pattern) > MAX_PATTERN_LENGTH:
            raise too_long(pattern)
        tree = parse(pattern, named=True)
        self.names = tuple(_names(tree))
        if not self.names:
            raise MatcherError(
                _("The pattern has no named group such as (?P<cluster>[a-z]+), so it takes nothing out.")
            )
        if len(self.names) > _MAX_GROUPS:
            raise MatcherError(_("A pattern may have %(most)s named groups."), most=_MAX_GROUPS)
        for name in self.names:
            if not _GROUP_NAME.fullmatch(name):
                text = _("The group name %(name)s must begin with a letter and may have 100 characters.")
                raise MatcherError(text, name=name)
            if self.names.count(name) > 1:
                raise MatcherError(_("The group name %(name)s is used twice."), name=name)
        self._quick = _quick(tree)
        self._re = re.compile(to_python(tree))
        self._engine = _Following(tree, to_python)

    def extract(self, value: str) -> dict[str, str] | None:
        """What the groups matched (those that took no part are left out); None if the whole value does not match."""
        if len(value) > MAX_EXTRACTED_FROM:
            return None
        if len(value) > self._quick:
            return self._engine.follow(value)
        found = self._re.fullmatch(value)
        return None if found is None else {name: part for name, part in found.groupdict().items() if part is not None}


class _Following(LinearMatcher):
    """The automaton, with the places where a group begins and ends."""

    def _build(self, node: Node, to: int) -> int:
        if isinstance(node, Named):
            end = self._add(Step(marks=(node.name, 1), to=(to,)))
            return self._add(Step(marks=(node.name, 0), to=(self._build(node.inner, end),)))
        return super()._build(node, to)

    def follow(self, text: str) -> dict[str, str] | None:
        """Go on at every step in the order of preference; the first way to the end counts."""
        been: set[tuple[int, int]] = set()
        waiting: list[tuple[int, int, _Marks]] = [(self._first, 0, None)]
        while waiting:
            index, at, marks = waiting.pop()
            if (index, at) in been:
                continue
            been.add((index, at))
            step = self._steps[index]
            if index == 0:
                if at == len(text):
                    return _parts(text, marks)
                continue
            if step.marks is not None:
                marks = (*step.marks, at, marks)
            elif step.test is not None:
                if at == len(text) or not step.test.fullmatch(text[at]):
                    continue
                at += 1
            elif step.assertion is not None and not holds(
                step.assertion, kind_of(text[at - 1]) if at else "", text[at : at + 1]
            ):
                continue
            waiting.extend((to, at, marks) for to in reversed(step.to))
        return None


def _quick(tree: Node) -> int:
    """The length of the longest value that cannot be slow on Python's `re`."""
    return bisect_left(range(MAX_EXTRACTED_FROM + 1), True, key=lambda n: worst_case(tree, n) > _MAX_STEPS) - 1


def _parts(text: str, marks: "_Marks") -> dict[str, str]:
    """From the marks of the whole way, the last of each group."""
    ends: dict[str, int] = {}
    found: dict[str, str] = {}
    while marks is not None:
        name, is_end, at, marks = marks
        if is_end:
            ends.setdefault(name, at)
        elif name in ends and name not in found:
            found[name] = text[at : ends[name]]
    return found


@lru_cache(maxsize=1024)
def extractor(pattern: str) -> Extractor:
    """Compile once per distinct pattern; `MatcherError` says what is wrong with it."""
    return Extractor(pattern)


def _names(node: Node) -> list[str]:
    match node:
        case Named(name, inner):
            return [name, *_names(inner)]
        case Concat(parts) | Alt(parts):
            return [name for part in parts for name in _names(part)]
        case Repeat(inner):
            return _names(inner)
        case _:
            return []
