"""Who two systems would page, compared moment by moment. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

Stretch = tuple[datetime, datetime, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """From ``start`` until ``end`` the two name different people."""

    start: datetime
    end: datetime
    theirs: frozenset[str]
    ours: frozenset[str]


def differences(theirs: Iterable[Stretch], ours: Iterable[Stretch], start: datetime, end: datetime) -> list[Difference]:
    """Where both are not the same between two instants; neighbouring stretches of the same people are one."""
    both = [*((0, *each) for each in theirs), *((1, *each) for each in ours)]
    cut = [(side, max(opens, start), min(closes, end), who) for side, opens, closes, who in both]
    held = [each for each in cut if each[1] < each[2]]
    edges = sorted({start, end, *(each[1] for each in held), *(each[2] for each in held)})
    found: list[Difference] = []
    for opens, closes in pairwise(edges):
        named = [frozenset(w for s, a, b, w in held if s == side and a <= opens < b) for side in (0, 1)]
        if named[0] == named[1]:
            continue
        last = found[-1] if found else None
        if last and last.end == opens and (last.theirs, last.ours) == (named[0], named[1]):
            found[-1] = Difference(last.start, closes, named[0], named[1])
        else:
            found.append(Difference(opens, closes, named[0], named[1]))
    return found
