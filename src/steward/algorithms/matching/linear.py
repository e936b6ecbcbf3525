"""A matcher whose time grows only with the length of the value, whatever the pattern.

The classic construction (Thompson's automaton; see Russ Cox, "Regular Expression Matching Can Be Simple And Fast"):
all positions in the pattern that the text read so far could have reached are followed together. The sets met are
remembered, so a text like those before it costs one dictionary look-up for each character.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from steward.algorithms.matching.errors import MatcherError, gettext_noop
from steward.algorithms.matching.syntax import Alt, Assertion, CharClass, Concat, Literal, Named, Node, Repeat

_MAX_NODES = 1000
_MAX_REMEMBERED = 5000
_WORD = re.compile(r"[0-9A-Za-z_]")

_State = frozenset[int]
_Key = tuple[_State, str, str]


@dataclass(slots=True)
class Step:
    """One node: reads a character (`test`), checks a position (`assertion`), marks it (`marks`; see `extraction.py`),
    forks in the order of preference, or is the end (none of them)."""

    test: re.Pattern[str] | None = None
    assertion: str | None = None
    to: tuple[int, ...] = ()
    marks: tuple[str, int] | None = None


class LinearMatcher:
    """Has the one method of `re.Pattern` that matchers use."""

    def __init__(self, tree: Node, to_python: Callable[[Node], str]) -> None:
        self._to_python = to_python
        self._steps = [Step()]
        self._first = self._build(tree, 0)
        self._start = frozenset([self._first])
        self._seen: dict[_Key, _State] = {}

    def fullmatch(self, text: str, /) -> bool:
        """Say whether the whole text matches."""
        state = self._start
        before = ""
        for character in text:
            # Of the character before, only its kind matters; that keeps the number of remembered keys small.
            key = (state, before, character)
            after = self._seen.get(key)
            if after is None:
                after = self._advance(state, before, character)
                if len(self._seen) >= _MAX_REMEMBERED:
                    self._seen.clear()
                self._seen[key] = after
            if not after:
                return False
            state, before = after, kind_of(character)
        return 0 in self._closure(state, before, "")

    def _advance(self, state: _State, before: str, character: str) -> _State:
        reached: set[int] = set()
        for index in self._closure(state, before, character):
            step = self._steps[index]
            if step.test is not None and step.test.fullmatch(character):
                reached.update(step.to)
        return frozenset(reached)

    def _closure(self, state: _State, before: str, following: str) -> set[int]:
        seen: set[int] = set()
        waiting = list(state)
        while waiting:
            index = waiting.pop()
            if index in seen:
                continue
            seen.add(index)
            step = self._steps[index]
            if step.test is None and (step.assertion is None or holds(step.assertion, before, following)):
                waiting.extend(step.to)
        return seen

    def _build(self, node: Node, to: int) -> int:
        """Add the nodes that match `node` and then go on at `to`; return where they start."""
        match node:
            case Literal(text, fold):
                for character in reversed(text):
                    to = self._add(Step(test=re.compile(self._to_python(Literal(character, fold))), to=(to,)))
                return to
            case CharClass():
                return self._add(Step(test=re.compile(self._to_python(node)), to=(to,)))
            case Assertion(kind):
                return self._add(Step(assertion=kind, to=(to,)))
            case Concat(parts):
                for part in reversed(parts):
                    to = self._build(part, to)
                return to
            case Alt(choices):
                return self._add(Step(to=tuple([self._build(choice, to) for choice in choices])))
            case Repeat(inner, low, high, lazy):
                return self._repeat(inner, low, high, to, lazy=lazy)
            case Named(_name, inner):
                return self._build(inner, to)

    def _repeat(self, inner: Node, low: int, high: int | None, to: int, *, lazy: bool) -> int:
        preferred = -1 if lazy else 1
        if high is None:
            fork = self._add(Step())
            self._steps[fork].to = (self._build(inner, fork), to)[::preferred]
            to = fork
        else:
            end = to
            for _ in range(high - low):
                to = self._add(Step(to=(self._build(inner, to), end)[::preferred]))
        for _ in range(low):
            to = self._build(inner, to)
        return to

    def _add(self, step: Step) -> int:
        if len(self._steps) >= _MAX_NODES:
            text = gettext_noop("The pattern is too large once its repetitions are written out; use smaller counts.")
            raise MatcherError(text)
        self._steps.append(step)
        return len(self._steps) - 1


def kind_of(character: str) -> str:
    if character == "\n":
        return "\n"
    return "w" if _WORD.match(character) else "."


def holds(assertion: str, before: str, following: str) -> bool:
    match assertion:
        case "text-start":
            return before == ""
        case "text-end":
            return following == ""
        case "line-start":
            return before in ("", "\n")
        case "line-end":
            return following in ("", "\n")
    edge = (before == "w") != bool(_WORD.match(following))
    return edge if assertion == "word-edge" else not edge
