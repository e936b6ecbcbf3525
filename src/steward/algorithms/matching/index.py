"""Many lists of matchers held against one label set, without trying them all.

An estate has hundreds of routes, silences and inhibitions, and nearly every one of them asks for exact values of some
label. So each entry stands in a table under the values that one of its matchers accepts, and a label set looks up only
its own values. What has no such matcher (only negations, or patterns that are no list of words) is always tried.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Final, Generic, TypeVar

from steward.algorithms.matching.errors import MatcherError
from steward.algorithms.matching.matchers import Matcher, matches_all
from steward.algorithms.matching.syntax import Alt, Assertion, CharClass, Concat, Literal, Named, Node, Repeat, parse

T = TypeVar("T")

MOST_WORDS: Final = 256
"""A pattern that accepts more words than this is tried, not looked up."""

_Words = frozenset[str]
_Table = dict[str, list[int]]


class MatcherIndex(Generic[T]):
    """Finds the entries whose matchers all hold, in the order in which they were given."""

    __slots__ = ("_always", "_entries", "_tables", "_without")

    def __init__(self, entries: Iterable[tuple[T, Sequence[Matcher]]]) -> None:
        given = [(item, tuple(matchers)) for item, matchers in entries]
        shares = Counter(key for _item, matchers in given for key in _keys(matchers))
        self._always: list[int] = []
        self._tables: dict[str, _Table] = {}
        self._entries: list[tuple[T, tuple[Matcher, ...]]] = []
        for position, (item, matchers) in enumerate(given):
            chosen = _most_selective(matchers, shares)
            if chosen is None:
                self._always.append(position)
            else:
                table = self._tables.setdefault(chosen.name, {})
                for word in _words_of(chosen) or ():
                    table.setdefault(word, []).append(position)
            # An equality is settled by being found; a pattern's words may be more than it accepts.
            settled = chosen if chosen is not None and chosen.op == "=" else None
            self._entries.append((item, tuple(each for each in matchers if each is not settled)))
        # A missing label is the empty string: these are looked up by what a label set does not have.
        self._without = [(name, table.pop("")) for name, table in self._tables.items() if "" in table]

    def __len__(self) -> int:
        return len(self._entries)

    def candidates(self, labels: Mapping[str, str]) -> list[int]:
        """The positions of the entries worth trying, in order; each is in one table, so none comes twice."""
        tables = self._tables
        found = self._always
        for name, value in labels.items():
            if name in tables and value in tables[name]:
                found = found + tables[name][value]
        for name, positions in self._without:
            if not labels.get(name):
                found = found + positions
        return found if found is self._always else sorted(found)

    def matching(self, labels: Mapping[str, str]) -> list[T]:
        """The entries that hold for these labels."""
        found: list[T] = []
        for position in self.candidates(labels):
            item, rest = self._entries[position]
            if matches_all(rest, labels):
                found.append(item)
        return found


def _keys(matchers: Sequence[Matcher]) -> set[tuple[str, str]]:
    """Every value under which the entry could stand."""
    return {(matcher.name, word) for matcher in matchers for word in _words_of(matcher) or ()}


def _most_selective(matchers: Sequence[Matcher], shares: Mapping[tuple[str, str], int]) -> Matcher | None:
    """The matcher whose values the fewest entries share; one that a missing label satisfies only if there is no other,
    because most label sets lack most labels."""
    best: Matcher | None = None
    least = (False, 0)
    for matcher in matchers:
        words = _words_of(matcher)
        if words is None:
            continue
        cost = ("" in words, sum(shares[matcher.name, word] for word in words))
        if best is None or cost < least:
            best, least = matcher, cost
    return best


def _words_of(matcher: Matcher) -> _Words | None:
    """A few values of which the label must have one, or None."""
    if matcher.op == "=":
        return frozenset([matcher.value])
    return words(matcher.value) if matcher.op == "=~" else None


@lru_cache(maxsize=4096)
def words(pattern: str) -> _Words | None:
    """The words that a pattern such as ``a|b|c`` or ``db-(eu|us)`` accepts, or some more; None if they are many."""
    try:
        return _accepted(parse(pattern))
    except MatcherError:  # not from a Matcher, which parsed it
        return None


def _accepted(node: Node) -> _Words | None:
    match node:
        case Literal(text, fold):
            return None if fold else frozenset([text])
        case Assertion():  # can only take words away
            return frozenset([""])
        case CharClass(ranges, negated, fold):
            return None if negated or fold else _characters(ranges)
        case Alt(choices):
            return _joined([_accepted(choice) for choice in choices])
        case Concat(parts):
            return _in_a_row([_accepted(part) for part in parts])
        case Repeat(inner, low, high):
            return _repeated(_accepted(inner), low, high)
        case Named(_name, inner):
            return _accepted(inner)


def _characters(ranges: Sequence[tuple[int, int]]) -> _Words | None:
    if sum(high - low + 1 for low, high in ranges) > MOST_WORDS:
        return None
    return frozenset([chr(code) for low, high in ranges for code in range(low, high + 1)])


def _joined(parts: Sequence[_Words | None]) -> _Words | None:
    known = [part for part in parts if part is not None]
    found: _Words = frozenset().union(*known)
    return found if len(known) == len(parts) and len(found) <= MOST_WORDS else None


def _in_a_row(parts: Sequence[_Words | None]) -> _Words | None:
    found: _Words = frozenset([""])
    for part in parts:
        if part is None or len(found) * len(part) > MOST_WORDS:
            return None
        found = frozenset([start + end for start, end in product(found, part)])
    return found


def _repeated(inner: _Words | None, low: int, high: int | None) -> _Words | None:
    """Only a few times: ``colou?r`` is two words, ``(ab){3}`` one; longer counts are not worth writing out."""
    if inner is None or high is None or high > 4:
        return None
    return _joined([_in_a_row([inner] * times) for times in range(low, high + 1)])
