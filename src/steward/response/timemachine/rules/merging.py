"""Three documents: what a draft began from, what is live now, and the draft. Pure.

Whoever publishes a draft that began from an older version would undo what others changed meanwhile. Merging keeps
both; where both changed the same field (or one removed what the other changed) the draft wins, and it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from steward.response.timemachine.rules.difference import shown
from steward.response.timemachine.rules.document import Document
from steward.response.timemachine.rules.entries import (
    BELOW,
    LISTS,
    ROOT,
    SINGLES,
    Entries,
    Fields,
    Flat,
    chain,
    flat,
    whole,
)

PRESENCE: Final = "presence"
ORDER: Final = "order"


@dataclass(frozen=True, slots=True)
class Collision:
    """Both sides changed this: what it was, what it is live, what the draft says (and the merge takes). The field is
    ``presence`` where one side removed the entry, ``order`` where both ordered the routes anew."""

    part: str
    name: str
    field: str
    base: str
    live: str
    draft: str


@dataclass(frozen=True, slots=True)
class Merged:
    document: Document
    collisions: tuple[Collision, ...]


def merge(base: Mapping[str, Any], live: Mapping[str, Any], draft: Mapping[str, Any]) -> Merged:
    """The live document with what the draft changed since its base."""
    merger = _Merger()
    old, theirs, ours = flat(base), flat(live), flat(draft)
    merged = Flat()
    for part in SINGLES:
        merged.singles[part] = merger.fields(part, "", old.singles[part], theirs.singles[part], ours.singles[part])
    for part in LISTS:
        merged.lists[part] = merger.entries(part, old.lists[part], theirs.lists[part], ours.lists[part])
    merger.loops(merged.lists["routes"], theirs.lists["routes"], ours.lists["routes"])
    return Merged(whole(merged), tuple(merger.collisions))


class _Merger:
    def __init__(self) -> None:
        self.collisions: list[Collision] = []

    def fields(self, part: str, name: str, old: Fields, theirs: Fields, ours: Fields) -> Fields:
        """Field by field."""
        found: Fields = {}
        for key in [*ours, *(key for key in theirs if key not in ours)]:
            was, live, draft = old.get(key), theirs.get(key), ours.get(key)
            found[key] = live if draft == was else draft
            if draft != was and live not in (was, draft):
                self.collisions.append(Collision(part, name, key, shown(key, was), shown(key, live), shown(key, draft)))
        return found

    def entries(self, part: str, old: Entries, theirs: Entries, ours: Entries) -> Entries:
        """Entry by entry, in the order of whoever changed it."""
        found: Entries = {}
        for name in self._order(part, old, theirs, ours):
            if name in theirs and name in ours:
                found[name] = self.fields(part, name, old.get(name, {}), theirs[name], ours[name])
            elif name in ours:
                if name not in old or self._kept(part, name, old[name], ours[name], removed_live=True):
                    found[name] = ours[name]
            elif name not in old:
                found[name] = theirs[name]
            else:
                self._kept(part, name, old[name], theirs[name], removed_live=False)
        return found

    def _kept(self, part: str, name: str, old: Fields, other: Fields, *, removed_live: bool) -> bool:
        """One side removed the entry: whether the other changed it, which is told."""
        if old == other:
            return False
        sides = ("", name) if removed_live else (name, "")
        self.collisions.append(Collision(part, name, PRESENCE, name, *sides))
        return True

    def _order(self, part: str, old: Entries, theirs: Entries, ours: Entries) -> list[str]:
        """All names: in the draft's order if the draft changed it, else in the live one; the rest after the name that
        it followed."""
        in_ours, in_theirs = _reordered(old, ours), _reordered(old, theirs)
        if part == "routes" and in_ours and in_theirs and _reordered(theirs, ours):
            self.collisions.append(Collision(part, "", ORDER, "", "", ""))
        first, second = (ours, theirs) if in_ours else (theirs, ours)
        found = list(first)
        previous: str | None = None
        for name in second:
            if name not in first:
                found.insert(found.index(previous) + 1 if previous is not None else 0, name)
            previous = name
        return found

    def loops(self, merged: Entries, theirs: Entries, ours: Entries) -> None:
        """Two moves can put two routes below each other; the live move of the second is undone. What was put below a
        route that the other side removed goes to the top."""
        for name, fields in merged.items():
            below = fields[BELOW]
            if below != ROOT and (below not in merged or name in chain(merged, below)):
                sides = [shown(BELOW, side.get(name, {}).get(BELOW)) for side in (theirs, ours)]
                self.collisions.append(Collision("routes", name, BELOW, "", *sides))
                fields[BELOW] = ROOT


def _reordered(old: Entries, new: Entries) -> bool:
    return [name for name in old if name in new] != [name for name in new if name in old]
