"""Who does not work, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import FilteredRelation, Q, QuerySet
from django.utils.translation import get_language

from steward.foundation.actors import Actor, system
from steward.people.accounts import queries as accounts
from steward.people.workforce import holidays_of, rules
from steward.people.workforce.models import Leave, Workplace
from steward.people.workforce.rules import Absence

if TYPE_CHECKING:
    from steward.people.accounts.models import User

__all__ = ["Absence", "absences", "countries", "leaves", "leaves_of", "may_edit", "on_leave", "workplace_of"]

countries = holidays_of.countries
_DAY = timedelta(days=1)
_READER = system("workforce")


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
    """When these people do not work between two instants: leave and public holidays, in one query. People who always
    work are absent from the answer."""
    known = {user.pk: user for user in people}
    first, last = start.date() - _DAY, end.date() + _DAY
    days: dict[int, set[rules.DaysOff]] = {}
    for key, country, part, begins, ends in _rows(known, first, last):
        off = days.setdefault(key, set())
        if begins is not None:
            off.add(rules.DaysOff(begins, ends, rules.LEAVE))
        if country is not None:
            off.update(_holidays(country, part, first, last))
    found = {key: rules.absences(off, known[key].time_zone or "UTC") for key, off in days.items()}
    inside = {key: [each for each in off if each.overlaps(start, end)] for key, off in found.items()}
    return {key: off for key, off in inside.items() if off}


def _rows(
    known: Mapping[int, User], first: date, last: date
) -> Iterable[tuple[int, str | None, str, date | None, date]]:
    """Each person with their workplace, once for each leave."""
    asked = Q(leaves__first_day__lte=last, leaves__last_day__gte=first)
    found = accounts.users(_READER).filter(pk__in=known).annotate(off=FilteredRelation("leaves", condition=asked))
    return found.order_by("pk").values_list(
        "pk", "workplace__country", "workplace__part", "off__first_day", "off__last_day"
    )


def on_leave(user_id: int, now: datetime) -> Absence | None:
    """The person's leave (not a holiday) that holds now."""
    user = accounts.person(user_id)
    if user is None:
        return None
    found = absences([user], now, now + timedelta(microseconds=1)).get(user_id, [])
    return next((each for each in found if each.kind == rules.LEAVE), None)


def _holidays(country: str, part: str, first: date, last: date) -> list[rules.DaysOff]:
    years = range(first.year, last.year + 1)
    return [
        rules.DaysOff(day, day, rules.HOLIDAY, name)
        for year in years
        for day, name in holidays_of.days(country, part, year, get_language() or "en")
        if first <= day <= last
    ]
