"""A document as named entries, so that two can be compared and three merged: the tree of routes becomes a list in which
every route says below which other it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from steward.response.timemachine.rules.document import Document, filled

BELOW: Final = "below"
ROOT: Final = ""
LISTS: Final = ("routes", "inhibitions", "time_intervals", "silences")
SINGLES: Final = ("default", "flapping", "topology")

Fields = dict[str, Any]
Entries = dict[str, Fields]
"""By name, in order."""


@dataclass(slots=True)
class Flat:
    """The document's lists by part, each by name."""

    lists: dict[str, Entries] = field(default_factory=dict)
    singles: dict[str, Fields] = field(default_factory=dict)


def flat(document: Mapping[str, Any]) -> Flat:
    """Take a document apart."""
    whole = filled(document)
    found = Flat(singles={part: dict(whole[part]) for part in SINGLES})
    for part in LISTS:
        entries: Entries = {}
        rows = _routes(whole[part], ROOT) if part == "routes" else whole[part]
        for row in rows:
            # Silences to try need no name of their own.
            name, number = str(row.get("name", "")), 1
            while name in entries:
                number += 1
                name = f"{row.get('name', '')} ({number})"
            entries[name] = {key: value for key, value in row.items() if key != "name"}
        found.lists[part] = entries
    return found


def _routes(routes: Sequence[Mapping[str, Any]], below: str) -> Iterable[Fields]:
    for route in routes:
        yield {key: value for key, value in route.items() if key != "children"} | {BELOW: below}
        yield from _routes(route["children"], route["name"])


def whole(given: Flat) -> Document:
    """Put a document together again. A route below one that is not there, or below itself, goes to the top."""
    document: Document = dict(given.singles)
    for part in LISTS:
        if part != "routes":
            document[part] = [{"name": name, **fields} for name, fields in given.lists[part].items()]
    document["routes"] = _tree(given.lists["routes"])
    return filled(document)


def _tree(entries: Entries) -> list[Fields]:
    nodes = {
        name: {"name": name, **{k: v for k, v in fields.items() if k != BELOW}, "children": []}
        for name, fields in entries.items()
    }
    roots: list[Fields] = []
    for name, node in nodes.items():
        below = entries[name].get(BELOW, ROOT)
        home = nodes[below]["children"] if below in nodes and name not in chain(entries, below) else roots
        home.append(node)
    return roots


def chain(entries: Entries, name: str) -> list[str]:
    """The route and those above it, from the inside out; ends at a route that comes again."""
    found: list[str] = []
    while name in entries and name not in found:
        found.append(name)
        name = entries[name].get(BELOW, ROOT)
    return found


def siblings(entries: Entries) -> dict[str, list[str]]:
    """The names below each route, in order."""
    found: dict[str, list[str]] = {}
    for name, fields in entries.items():
        found.setdefault(fields.get(BELOW, ROOT), []).append(name)
    return found
