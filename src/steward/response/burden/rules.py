"""From what a shift was made of to points, overload and pay. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from steward.algorithms.burden import Weight

POINTS = {"hour": 1.0, "night": 1.0, "weekend": 0.5, "holiday": 1.0, "page": 2.0, "wake_up": 4.0}
"""One point is an hour on call on a working day. Nights, weekends, holidays, pages and wake-ups come on top."""
MOST_SHARE = 0.25
"""Of all time on call. Source: Beyer et al., Site Reliability Engineering (2016), chapter 11: at most a quarter."""
MOST_PAGES = 2.0
"""Pages in twelve hours. Source: as above: at most two events in a shift of twelve hours."""
MOST_NIGHTS = 10
"""Nights on call in 30 days."""
DEFAULT_GUARD = 2
"""Pages a night that pass without the next shift being offered for cover, where a schedule says nothing else."""
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Burden:
    """What some time on call was made of; ``worked`` and ``rating`` as people said, None when they did not."""

    weight: Weight = field(default_factory=Weight)
    pages: int = 0
    wake_ups: int = 0
    worked: float | None = None
    rating: float | None = None

    @property
    def points(self) -> float:
        """How much it weighs: hours, and on top nights, weekends, holidays, pages and wake-ups."""
        return points_of(self.weight) + self.pages * POINTS["page"] + self.wake_ups * POINTS["wake_up"]

    @property
    def hours(self) -> float:
        return self.weight.total / _HOUR


def points_of(weight: Weight) -> float:
    """The points of a stretch without what happens in it."""
    return (
        weight.total * POINTS["hour"] + weight.night * POINTS["night"] + weight.weekend * POINTS["weekend"]
        + weight.holiday * POINTS["holiday"]
    ) / _HOUR  # fmt: skip


def overload(ahead: Burden, behind: Burden, days_ahead: int, days_behind: int) -> list[str]:
    """What is too much, as codes: share, nights, pages. ``ahead`` is planned, ``behind`` was."""
    found = []
    if days_ahead and ahead.weight.total > MOST_SHARE * days_ahead * 24 * _HOUR:
        found.append("share")
    if days_ahead and ahead.weight.night / _HOUR / 9 * 30 / days_ahead > MOST_NIGHTS:
        found.append("nights")
    if behind.weight.total >= 12 * _HOUR and behind.pages / (behind.weight.total / _HOUR / 12) > MOST_PAGES:
        found.append("pages")
    return found


def night_of(moment: datetime) -> date:
    """The evening's day of the night that a local moment falls into or that comes next: until 07:00 it is yesterday's."""
    return moment.date() - timedelta(days=1) if moment.hour < 7 else moment.date()


@dataclass(frozen=True, slots=True)
class Rates:
    """What an organisation pays: amounts for each, adding up, and hours off."""

    currency: str = ""
    hour: Decimal = Decimal(0)
    night_hour: Decimal = Decimal(0)
    weekend_hour: Decimal = Decimal(0)
    holiday_hour: Decimal = Decimal(0)
    page: Decimal = Decimal(0)
    wake_up: Decimal = Decimal(0)
    worked_hour: Decimal = Decimal(0)
    off_per_worked: Decimal = Decimal(0)
    off_per_wake_up: Decimal = Decimal(0)


AMOUNTS: Sequence[str] = tuple(each.name for each in fields(Rates) if each.name != "currency")


@dataclass(frozen=True, slots=True)
class Earned:
    """Money (to the cent) and hours off (to the tenth)."""

    amount: Decimal
    hours_off: Decimal


def pay(burden: Burden, rates: Rates) -> Earned:
    """What a shift earns."""
    weight, worked = burden.weight, Decimal(str(burden.worked or 0))
    amount = (
        _hours(weight.total) * rates.hour + _hours(weight.night) * rates.night_hour
        + _hours(weight.weekend) * rates.weekend_hour + _hours(weight.holiday) * rates.holiday_hour
        + burden.pages * rates.page + burden.wake_ups * rates.wake_up + worked * rates.worked_hour
    )  # fmt: skip
    off = worked * rates.off_per_worked + burden.wake_ups * rates.off_per_wake_up
    return Earned(amount.quantize(Decimal("0.01"), ROUND_HALF_UP), off.quantize(Decimal("0.1"), ROUND_HALF_UP))


def _hours(seconds: int) -> Decimal:
    return Decimal(seconds) / _HOUR
