"""What is different between two documents, entry by entry and field by field. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from steward.response.timemachine.rules.document import DURATIONS, ROUTE_DEFAULTS
from steward.response.timemachine.rules.entries import BELOW, LISTS, ROOT, SINGLES, Entries, Fields, flat, siblings
from steward.response.timemachine.rules.values import duration
from steward.response.timemachine.rules.writing import dump, written

Kind = Literal["added", "removed", "changed", "moved"]
_IN_SECONDS = frozenset({*DURATIONS, "window", "quiet", "delay"})
_MATCHERS = frozenset({"matchers", "source_matchers", "target_matchers"})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value before and after, as people read it; empty: none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of one part (routes, inhibitions, …) that is different; a moved one has another order among the same."""

    part: str
    name: str
    kind: Kind
    fields: tuple[FieldChange, ...] = ()


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every entry that is different, in the order in which people look: settings, then each list as it is after."""
    old, new = flat(before), flat(after)
    found: list[Change] = []
    for part in SINGLES:
        if changed := _fields(old.singles[part], new.singles[part]):
            found.append(Change(part, str(new.singles[part].get("name", "")), "changed", changed))
    for part in LISTS:
        found += _entries(part, old.lists[part], new.lists[part])
    return tuple(found)


def _entries(part: str, old: Entries, new: Entries) -> list[Change]:
    moved = _moved(old, new) if part == "routes" else set()
    found = []
    for name, fields in new.items():
        if name not in old:
            found.append(Change(part, name, "added", _told(_fields(_usual(part), fields))))
        elif changed := _fields(old[name], fields):
            found.append(Change(part, name, "changed", changed))
        elif name in moved:
            found.append(Change(part, name, "moved"))
    return found + [
        Change(part, name, "removed", _told(_fields(fields, _usual(part))))
        for name, fields in old.items()
        if name not in new
    ]


def _usual(part: str) -> Fields:
    """What an entry that is not there counts as: only what is unusual about it is worth telling."""
    if part == "routes":
        return {**ROUTE_DEFAULTS, BELOW: ROOT}
    return {"enabled": True} if part == "inhibitions" else {}


def _fields(old: Fields, new: Fields) -> tuple[FieldChange, ...]:
    names = [*new, *(name for name in old if name not in new)]
    return tuple(
        FieldChange(name, shown(name, old.get(name)), shown(name, new.get(name)))
        for name in names
        if old.get(name) != new.get(name)
    )


def _told(fields: tuple[FieldChange, ...]) -> tuple[FieldChange, ...]:
    """Without what is nothing on both sides."""
    return tuple(each for each in fields if each.before != each.after)


def _moved(old: Entries, new: Entries) -> set[str]:
    """The fewest routes that must have moved so that those below one route changed their order."""
    found: set[str] = set()
    before = siblings(old)
    for below, names in siblings(new).items():
        stayed = [name for name in names if name in old and old[name].get(BELOW) == below]
        then = [name for name in before.get(below, ()) if name in stayed]
        matcher = SequenceMatcher(None, then, stayed, autojunk=False)
        kept = {name for block in matcher.get_matching_blocks() for name in then[block.a : block.a + block.size]}
        found |= set(stayed) - kept
    return found


def shown(name: str, value: Any) -> str:
    """A value as people read it."""
    if value is None or value == [] or value == {}:
        return ""
    if name in _MATCHERS:
        return ", ".join(written(value))
    if name in _IN_SECONDS:
        return duration(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    if isinstance(value, list | dict):
        return dump(value).strip()
    return str(value)
