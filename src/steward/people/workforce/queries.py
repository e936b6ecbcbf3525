"""Who does not work, and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from steward.foundation.actors import Actor
from steward.people.accounts import queries as accounts
from steward.people.workforce import holidays_of, rules
from steward.people.workforce.models import Leave, Workplace
from steward.people.workforce.rules import Absence

if TYPE_CHECKING:
    from steward.people.accounts.models import User

__all__ = ["Absence", "absences", "countries", "leaves", "leaves_of", "may_edit", "on_leave", "workplace_of"]

countries = holidays_of.countries
_DAY = timedelta(days=1)


def leaves(actor: Actor) -> QuerySet[Leave]:
    """The leave of everybody this actor sees."""
    return Leave.objects.filter(user__in=accounts.users(actor)).select_related("user")


def leaves_of(user_id: int, *, since: date) -> list[Leave]:
    """A person's leave that has not ended before a day, the next first."""
    return list(Leave.objects.filter(user_id=user_id, last_day__gte=since).order_by("first_day"))


def workplace_of(user_id: int) -> Workplace | None:
    """Whose holidays the person has; None when it is not known."""
    return Workplace.objects.filter(user_id=user_id).first()


def may_edit(actor: Actor, user_id: int) -> bool:
    """May this actor write (and read the notes of) this person's leave?"""
    return actor.user_id == user_id or actor.can("leave.manage")


def absences(people: Iterable[User], start: datetime, end: datetime) -> dict[int, list[Absence]]:
    """When these people do not work between two instants: leave and public holidays, in two queries. People who always
    work are absent from the answer."""
    known = {user.pk: user for user in people}
    first, last = start.date() - _DAY, end.date() + _DAY
    days: dict[int, list[rules.DaysOff]] = {}
    for leave in Leave.objects.filter(user_id__in=known, first_day__lte=last, last_day__gte=first):
        days.setdefault(leave.user_id, []).append(rules.DaysOff(leave.first_day, leave.last_day, rules.LEAVE))
    for place in Workplace.objects.filter(user_id__in=known):
        days.setdefault(place.user_id, []).extend(_holidays(place, first, last))
    found = {key: rules.absences(off, known[key].time_zone or "UTC") for key, off in days.items()}
    inside = {key: [each for each in off if each.overlaps(start, end)] for key, off in found.items()}
    return {key: off for key, off in inside.items() if off}


def on_leave(user_id: int, now: datetime) -> Absence | None:
    """The person's leave (not a holiday) that holds now."""
    user = accounts.person(user_id)
    if user is None:
        return None
    found = absences([user], now, now + timedelta(microseconds=1)).get(user_id, [])
    return next((each for each in found if each.kind == rules.LEAVE), None)


def _holidays(place: Workplace, first: date, last: date) -> list[rules.DaysOff]:
    years = range(first.year, last.year + 1)
    return [
        rules.DaysOff(day, day, rules.HOLIDAY, name)
        for year in years
        for day, name in holidays_of.days(place.country, place.part, year)
        if first <= day <= last
    ]
