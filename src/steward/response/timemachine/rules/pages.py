"""Pages of two replays of the same events compared: which are the same, which are added, removed, or moved to another
person or another time. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

NEAR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Page:
    """One person is paged (empty: nobody could be), by which route, and which alerts were the reason."""

    at: datetime
    person: str
    route: str
    kind: str
    alerts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Differing:
    """A page of one side only, or of both in another place."""

    kind: Literal["added", "removed", "moved"]
    live: Page | None
    draft: Page | None

    @property
    def at(self) -> datetime:
        page = self.draft or self.live
        assert page is not None  # noqa: S101 - one of the two is there
        return page.at


@dataclass(slots=True)
class Compared:
    same: int = 0
    differing: list[Differing] = field(default_factory=list)

    def number(self, kind: str) -> int:
        return sum(1 for each in self.differing if each.kind == kind)


def compare(live: Sequence[Page], draft: Sequence[Page]) -> Compared:
    """Match each page of one side with at most one of the other: first those that are exactly the same, then the nearest
    one about one of the same alerts within an hour."""
    found = Compared()
    left = Counter((page.at, page.person, page.alerts) for page in draft)
    rest: list[Page] = []
    for page in live:
        key = (page.at, page.person, page.alerts)
        if left[key]:
            left[key] -= 1
            found.same += 1
        else:
            rest.append(page)
    others: list[Page] = []
    for page in reversed(draft):
        key = (page.at, page.person, page.alerts)
        if left[key]:
            left[key] -= 1
            others.append(page)
    _match(rest, others[::-1], found)
    found.differing.sort(key=lambda each: each.at)
    return found


def _match(live: Sequence[Page], draft: Sequence[Page], found: Compared) -> None:
    by_alert: dict[int, list[int]] = {}
    for place, page in enumerate(draft):
        for alert in page.alerts:
            by_alert.setdefault(alert, []).append(place)
    taken: set[int] = set()
    for page in live:
        near = {
            place
            for alert in page.alerts
            for place in by_alert.get(alert, ())
            if place not in taken and abs(draft[place].at - page.at) <= NEAR
        }
        if not near:
            found.differing.append(Differing("removed", page, None))
            continue
        nearest = min(near, key=lambda n: (draft[n].person != page.person, abs(draft[n].at - page.at), n))
        taken.add(nearest)
        other = draft[nearest]
        if (other.at, other.person) == (page.at, page.person):
            found.same += 1
        else:
            found.differing.append(Differing("moved", page, other))
    found.differing += [Differing("added", None, page) for n, page in enumerate(draft) if n not in taken]


def by_person(live: Iterable[Page], draft: Iterable[Page]) -> list[tuple[str, int, int]]:
    """Person, pages live, pages by the draft; who is paged most first."""
    before, after = Counter(page.person for page in live), Counter(page.person for page in draft)
    names = sorted({*before, *after}, key=lambda name: (-max(before[name], after[name]), name))
    return [(name, before[name], after[name]) for name in names]


def by_hour(live: Iterable[Page], draft: Iterable[Page]) -> list[tuple[datetime, int, int]]:
    """Beginning of an hour, pages live, pages by the draft; hours without any are left out."""

    def counted(pages: Iterable[Page]) -> Counter[datetime]:
        return Counter(page.at.replace(minute=0, second=0, microsecond=0) for page in pages)

    before, after = counted(live), counted(draft)
    return [(hour, before[hour], after[hour]) for hour in sorted({*before, *after})]
