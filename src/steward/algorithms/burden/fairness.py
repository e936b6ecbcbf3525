"""Sharing turns out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

Key = int | str


@dataclass(frozen=True, slots=True)
class Turn:
    """From ``start`` until just before ``end`` these people are on call together."""

    start: datetime
    end: datetime
    people: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may take turns: what they have carried so far, and when they are away."""

    key: Key
    carried: float = 0.0
    away: tuple[tuple[datetime, datetime], ...] = ()

    def is_away(self, turn: Turn) -> bool:
        return any(start < turn.end and end > turn.start for start, end in self.away)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The same turns with who should take them, and how fair the sums are before and after (Jain's index)."""

    turns: tuple[Turn, ...]
    before: float
    after: float
    sums: Mapping[Key, float]

    @property
    def changes(self) -> bool:
        return self.after > self.before


def fairness(values: Iterable[float]) -> float:
    """Jain's index of what people carry, from 1/n to 1; 1 also when nobody carries anything.

    Source: R. Jain, D. Chiu, W. Hawe, "A quantitative measure of fairness", DEC-TR-301, 1984.
    """
    known = list(values)
    squares = sum(value * value for value in known)
    return 1.0 if squares == 0 else sum(known) ** 2 / (len(known) * squares)


def propose(
    turns: Sequence[Turn], people: Sequence[Person], cost: Callable[[Turn, Key], float], *, least: float = 0.002,
    most: int = 100,
) -> Proposal:  # fmt: skip
    """Who should take the turns ahead so that what people have carried and will carry comes closer together.

    One turn after the other changes hands: always the one that makes the sums fairest, as long as it raises Jain's index
    by at least ``least`` and not more than ``most`` have changed, so that few people have to change plans. Nobody gets a
    turn while away or during another, nor one right before or after another. ``cost`` is what a turn costs a person.
    """
    known = {person.key: person for person in people}
    given = sorted(turns, key=lambda turn: (turn.start, turn.end))
    costs = [{key: cost(turn, key) for key in known} for turn in given]
    sums = _sums(given, known, costs)
    before = after = fairness(sums.values())
    for _change in range(most):
        best = max(_moves(given, known, costs, sums), default=None, key=lambda move: move.fairness)
        if best is None or best.fairness < after + least:
            break
        turn = given[best.number]
        given[best.number] = Turn(
            turn.start, turn.end, tuple(best.to if key == best.of else key for key in turn.people)
        )  # fmt: skip
        sums[best.of] -= costs[best.number][best.of]
        sums[best.to] += costs[best.number][best.to]
        after = best.fairness
    return Proposal(tuple(given), before, after, sums)


class _Move(NamedTuple):
    """A turn that could change hands, and how fair the sums would be then."""

    fairness: float
    number: int
    of: Key
    to: Key


def _moves(
    turns: Sequence[Turn], known: Mapping[Key, Person], costs: Sequence[Mapping[Key, float]], sums: Mapping[Key, float]
) -> Iterator[_Move]:
    total, squares = sum(sums.values()), sum(value * value for value in sums.values())
    for number, turn in enumerate(turns):
        near = {key for other in turns if other.start <= turn.end and other.end >= turn.start for key in other.people}
        for of in turn.people:
            if of not in sums:
                continue
            gone = sums[of] - costs[number][of]
            for to in known:
                # Only from who carries more to who carries less can it become fairer.
                if to in near or sums[to] >= sums[of] or known[to].is_away(turn):
                    continue
                come = sums[to] + costs[number][to]
                whole = total - sums[of] - sums[to] + gone + come
                square = squares - sums[of] ** 2 - sums[to] ** 2 + gone**2 + come**2
                yield _Move(whole**2 / (len(sums) * square) if square > 0 else 1.0, number, of, to)


def _sums(
    turns: Iterable[Turn], known: Mapping[Key, Person], costs: Sequence[Mapping[Key, float]]
) -> dict[Key, float]:  # fmt: skip
    sums = {key: person.carried for key, person in known.items()}
    for number, turn in enumerate(turns):
        for key in turn.people:
            if key in sums:
                sums[key] += costs[number][key]
    return sums
