"""What a rotation is made of."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Literal

from steward.algorithms.calendars import ZoneError, get_zone, to_utc

Member = str | int
_WEEK = timedelta(weeks=1)


class RotationError(ValueError):
    """A rotation, an override or a range makes no sense; the message says what to change."""


@dataclass(frozen=True)
class WeeklyRotation:
    """Members take turns of `weeks` weeks, handing over at `handover_time` on `handover_weekday` (0 is Monday).

    `members[0]` has the turn that `start` falls into: the one beginning at the last handover day on or before
    `start`. The turns go on from there for ever, and backwards in the same order too, so that every instant has
    somebody. To begin (or end) coverage at some moment, resolve only the range that is covered.

    The handover is a local time in `zone`: turns around a change of the clocks are an hour shorter or longer. A
    handover time that the clocks skip happens right after the gap; one that they show twice, the first time.
    """

    zone: str
    start: date
    handover_weekday: int
    handover_time: time
    members: tuple[Member, ...]
    weeks: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.start, datetime):
            raise RotationError("The start of a rotation is a date without a time.")
        if self.handover_weekday not in range(7):
            raise RotationError("The handover weekday is a number from 0 (Monday) to 6 (Sunday).")
        if self.handover_time.tzinfo is not None:
            raise RotationError("The handover time is a local time; its zone is a field of its own.")
        if self.weeks < 1:
            raise RotationError("A turn lasts at least one week.")
        try:
            get_zone(self.zone)
        except ZoneError as error:
            raise RotationError(str(error)) from error

    @cached_property
    def _first(self) -> datetime:
        days_since = (self.start.weekday() - self.handover_weekday) % 7
        return datetime.combine(self.start - timedelta(days=days_since), self.handover_time)

    def begins(self, turn: int) -> datetime:
        """Return the instant at which turn number `turn` begins (the one that `start` falls into is 0)."""
        return to_utc(self._first + _WEEK * (turn * self.weeks), self.zone)

    def turn_at(self, instant: datetime) -> int:
        """Return the number of the turn that contains the instant."""
        local = instant.astimezone(get_zone(self.zone)).replace(tzinfo=None)
        turn = (local - self._first) // (_WEEK * self.weeks)
        # Clocks that were put back can show a time before the handover although it has happened already.
        return turn + 1 if self.begins(turn + 1) <= instant else turn

    def member_of(self, turn: int) -> Member:
        """Return whose turn it is; the rotation must have members."""
        return self.members[turn % len(self.members)]


@dataclass(frozen=True, slots=True)
class Override:
    """From `start` until just before `end`, `member` is on call, whoever's turn it is."""

    start: datetime
    end: datetime
    member: Member

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", as_utc(self.start))
        object.__setattr__(self, "end", as_utc(self.end))
        if self.end <= self.start:
            raise RotationError("An override must end after it starts.")


@dataclass(frozen=True, slots=True)
class Shift:
    """From `start` until just before `end` (UTC), `member` is on call."""

    start: datetime
    end: datetime
    member: Member
    source: Literal["rotation", "override"]


def as_utc(instant: datetime) -> datetime:
    """Return the same instant in UTC; a time without a zone is no instant."""
    if instant.tzinfo is None:
        raise RotationError("Times must carry a zone (pass an aware datetime).")
    return instant.astimezone(UTC)
