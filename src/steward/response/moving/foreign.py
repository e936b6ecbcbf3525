"""What another system's export says, in neutral terms.

``ref`` is the other system's key; people, teams and schedules are named by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _

from steward.algorithms import rotation
from steward.algorithms.rotation import Window


class Unreadable(ValueError):
    """The export is not what it should be; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that cannot be taken over as it is, and why."""

    kind: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Person:
    ref: str
    name: str
    email: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    ref: str
    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turns:
    """A layer: as ``oncall.LayerInput``, with refs of people."""

    name: str
    start: date
    turns: tuple[tuple[str, ...], ...]
    unit: rotation.Unit = "week"
    length: int = 1
    handover_weekday: int = 0
    handover_time: time = time(9)
    priority: int = 0
    time_zone: str = ""
    windows: tuple[Window, ...] = ()
    begins_at: datetime | None = None
    ends_at: datetime | None = None

    def layer(self, zone: str) -> rotation.Layer:
        """For the algorithm; ``zone`` is the schedule's."""
        return rotation.Layer(
            zone=self.time_zone or zone, start=self.start, turns=self.turns, unit=self.unit, length=self.length,
            handover_time=self.handover_time, handover_weekday=self.handover_weekday, windows=self.windows,
            begins_at=self.begins_at, ends_at=self.ends_at, priority=self.priority,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody takes over for a while."""

    person: str
    start: datetime
    end: datetime
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who the other system itself says is on call, from when until when."""

    start: datetime
    end: datetime
    person: str


@dataclass(frozen=True, slots=True)
class Rota:
    """``entries`` is what the other system rendered of it, to compare with; empty if the export has none."""

    ref: str
    name: str
    time_zone: str
    layers: tuple[Turns, ...]
    team: str = ""
    stand_ins: tuple[StandIn, ...] = ()
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """A step of a policy: notify a schedule (who is on call, was before, comes next), a person, a team, people in turn, or
    wait."""

    kind: str
    ref: str = ""
    minutes: int = 0
    important: bool = True
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ladder:
    """An escalation policy."""

    ref: str
    name: str
    acts: tuple[Act, ...]
    repeat: int = 0
    team: str = ""


@dataclass
class Foreign:
    """Everything that an export says."""

    people: list[Person] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    rotas: list[Rota] = field(default_factory=list)
    ladders: list[Ladder] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def cannot(self, kind: str, name: str, reason: str) -> None:
        """Say that something cannot be taken over."""
        self.notes.append(Note(kind, name, reason))


Document = Mapping[str, Any]


def rows(document: Document, *names: str) -> Sequence[Mapping[str, Any]]:
    """The list under the first of the names that the export has; Unreadable when it is no list of objects."""
    for name in names:
        found = document.get(name)
        if found is None:
            continue
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise Unreadable(_("“%(name)s” must be a list of objects, as the API answers it.") % {"name": name})
        return found
    return ()


def moment(text: Any) -> datetime | None:
    """An ISO time with a zone; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def clock(seconds: int) -> time:
    """Seconds of a day as a time; a whole day is 00:00 again."""
    seconds %= 86_400
    return time(seconds // 3600, seconds % 3600 // 60, seconds % 60)


def week_windows(day: int, start: int, duration: int) -> tuple[Window, ...]:
    """Hours of the week from a second of a day (0 is Monday) on, for so many seconds, cut at midnights."""
    if duration >= 7 * 86_400:
        return ()
    found: list[Window] = []
    while duration > 0:
        part = min(duration, 86_400 - start)
        found.append(Window(frozenset({day % 7}), clock(start), clock(start + part)))
        duration, start, day = duration - part, 0, day + 1
    return tuple(found)
