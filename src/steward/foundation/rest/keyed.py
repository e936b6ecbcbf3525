"""Addresses below a key of the ingest door that upper rooms answer.

The door itself answers senders and must be fast; what is asked seldom and needs a room above it (silences, say) is
registered here and handled on a thread, with Django's connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """One request below the key of a source. ``parts`` are the named groups of the pattern."""

    source_id: int
    source_name: str
    method: str
    path: str
    parts: Mapping[str, str]
    query: str
    body: bytes
    now: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """JSON, or nothing."""

    value: Any = None
    status: int = 200


Handler = Callable[[Asked], Answer]


@dataclass(frozen=True, slots=True)
class Keyed:
    """An address: ``pattern`` is a regular expression over the whole path below the key, ``shown`` names it."""

    shown: str
    pattern: re.Pattern[str]
    methods: tuple[str, ...]
    handle: Handler


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires, for those who know what holds it. ``standing`` is what the alert itself says."""

    labels: Mapping[str, str]
    service_id: int | None
    item_id: int | None
    standing: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Marks:
    """What holds it, by the names that Alertmanager's API has for that."""

    silenced_by: Sequence[str] = ()
    inhibited_by: Sequence[str] = ()


Marker = Callable[[int, Sequence[Firing], datetime], list[Marks]]
_keyed: dict[str, Keyed] = {}
_markers: list[Marker] = []


def register(shown: str, pattern: str, methods: Sequence[str], handle: Handler) -> None:
    """Answer an address below every key; the same ``shown`` again replaces it."""
    _keyed[shown] = Keyed(shown, re.compile(pattern), tuple(methods), handle)


def find(path: str) -> tuple[Keyed, dict[str, str]] | None:
    """Who answers this path."""
    for each in _keyed.values():
        if found := each.pattern.fullmatch(path):
            return each, found.groupdict()
    return None


def paths() -> list[str]:
    """What there is, for an answer that says so."""
    return list(_keyed)


def register_marker(marker: Marker) -> None:
    """Let a room say what holds alerts that are asked for below a key: one for all, the last registered."""
    _markers[:] = [marker]


def marks(source_id: int, firing: Sequence[Firing], now: datetime) -> list[Marks]:
    """What holds each of these alerts of the source."""
    return _markers[0](source_id, firing, now) if _markers else [Marks()] * len(firing)
