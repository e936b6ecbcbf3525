"""What a schedule is made of: layers with their turns and windows, overrides, and the shifts that come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Literal

from steward.algorithms.calendars import ZoneError, get_zone

Member = str | int
Unit = Literal["hour", "day", "week", "month"]
UNITS: tuple[Unit, ...] = ("hour", "day", "week", "month")
EVERY_DAY = frozenset(range(7))


class RotationError(ValueError):
    """A layer, an override or a range makes no sense; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Window:
    """Local hours of the week: on each of ``days`` (0 is Monday) from ``start`` until ``end``; until the next day's
    ``end`` when that is not later, so that 00:00 to 00:00 is the whole day."""

    days: frozenset[int] = EVERY_DAY
    start: time = time(0)
    end: time = time(0)

    def __post_init__(self) -> None:
        if not self.days or not self.days <= EVERY_DAY:
            raise RotationError("The days of a window are numbers from 0 (Monday) to 6 (Sunday), at least one.")
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise RotationError("The hours of a window are local times; their zone is a field of its own.")


@dataclass(frozen=True)
class Layer:
    """People taking turns. Each turn lasts ``length`` units and is one or several people, all on call at once.

    The first turn is the one that ``start`` falls into; turns go on from there for ever, and backwards in the same
    order too. ``begins_at`` and ``ends_at`` bound when the layer counts at all.

    - A turn of hours counts hours of the wall clock from ``handover_time`` on ``start``.
    - A turn of weeks hands over on ``handover_weekday``: the first begins at the last such day on or before ``start``.
    - A turn of months hands over on the day of the month of ``start``, or the month's last if that is earlier.

    The handover is a local time in ``zone``: turns around a change of the clocks are shorter or longer. A handover
    time that the clocks skip happens right after the gap; one that they show twice, the first time.

    With ``windows`` people are on call only within these hours: hours in ``zone``, or in each person's own zone if
    ``zones`` gives them (follow the sun); who has none there is taken to live in ``zone``.

    A layer of a higher ``priority`` covers those below it. Layers of one priority are on call together.
    """

    zone: str
    start: date
    turns: tuple[tuple[Member, ...], ...]
    unit: Unit = "week"
    length: int = 1
    handover_time: time = time(9)
    handover_weekday: int = 0
    windows: tuple[Window, ...] = ()
    zones: Mapping[Member, str] | None = field(default=None, hash=False)
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    priority: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.start, datetime):
            raise RotationError("The start of a rotation is a date without a time.")
        if self.unit not in UNITS:
            raise RotationError("A turn is counted in hours, days, weeks or months.")
        if self.length < 1:
            raise RotationError("A turn lasts at least one hour, day, week or month.")
        if self.handover_weekday not in EVERY_DAY:
            raise RotationError("The handover weekday is a number from 0 (Monday) to 6 (Sunday).")
        if self.handover_time.tzinfo is not None:
            raise RotationError("The handover time is a local time; its zone is a field of its own.")
        for bound in (self.begins_at, self.ends_at):
            if bound is not None:
                as_utc(bound)
        if self.begins_at and self.ends_at and self.ends_at <= self.begins_at:
            raise RotationError("A layer must end after it begins.")
        try:
            for zone in {self.zone, *(self.zones or {}).values()}:
                get_zone(zone)
        except ZoneError as error:
            raise RotationError(str(error)) from error

    @property
    def members(self) -> tuple[Member, ...]:
        """Everybody who takes turns, once each, in the order of their first turn."""
        return tuple(dict.fromkeys(member for turn in self.turns for member in turn))


@dataclass(frozen=True, slots=True)
class Span:
    """From ``start`` until just before ``end``, ``member`` is on call by what somebody wrote down."""

    start: datetime
    end: datetime
    member: Member

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", as_utc(self.start))
        object.__setattr__(self, "end", as_utc(self.end))
        if self.end <= self.start:
            raise RotationError("A listed time must end after it starts.")


@dataclass(frozen=True)
class Listed:
    """A layer without turns: times that somebody wrote down one by one, such as in a calendar. Times of different
    people may overlap. It covers and is covered like any other layer, by its ``priority``."""

    spans: tuple[Span, ...]
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Override:
    """From ``start`` until just before ``end``, ``member`` is on call: alone, or in the place of ``replaces`` whenever
    that person would be."""

    start: datetime
    end: datetime
    member: Member
    replaces: Member | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", as_utc(self.start))
        object.__setattr__(self, "end", as_utc(self.end))
        if self.end <= self.start:
            raise RotationError("An override must end after it starts.")


@dataclass(frozen=True, slots=True)
class Shift:
    """From ``start`` until just before ``end`` (UTC), ``member`` is on call; ``layer`` is the number of the layer that
    says so, None for an override."""

    start: datetime
    end: datetime
    member: Member
    source: Literal["rotation", "override"]
    layer: int | None = None


def as_utc(instant: datetime) -> datetime:
    """Return the same instant in UTC; a time without a zone is no instant."""
    if instant.tzinfo is None:
        raise RotationError("Times must carry a zone (pass an aware datetime).")
    return instant.astimezone(UTC)
