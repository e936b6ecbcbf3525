"""What would come of a calendar, before it is kept: read here and now, and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from steward.foundation.errors import Invalid
from steward.people.accounts import queries as accounts
from steward.response.oncall import actions, fetching
from steward.response.oncall.models import Calendar, Schedule
from steward.response.oncall.queries.calendars import everybody
from steward.response.oncall.rules import calendars as rules

if TYPE_CHECKING:
    from steward.people.accounts.models import User

SECONDS = 10.0
AHEAD = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class NextShift:
    """One of the next shifts."""

    user: User
    start: datetime
    end: datetime
    priority: int | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What the calendar says in the next 90 days, or why it says nothing."""

    error: str = ""
    events: int = 0
    people: Sequence[User] = ()
    shifts: Sequence[NextShift] = ()
    problems: Sequence[rules.Problem] = ()


def check(
    schedule: Schedule, now: datetime, *, url: str = "", content: str = "", kept: Calendar | None = None
) -> Checked:
    """Read the address, or the content, or what ``kept`` has."""
    if url:
        try:
            fetched = fetching.fetch(actions.clean_url(url), seconds=SECONDS)
        except Invalid as error:
            return Checked(error=error.message)
        if fetched.error or fetched.status:
            return Checked(error=actions.fetch_error(fetched))
        content = fetched.content
    elif not content and kept is not None:
        content = kept.content
    try:
        found = rules.read(content, zone=schedule.time_zone, people=everybody(), start=now, end=now + AHEAD)
    except rules.Unreadable as error:
        return Checked(error=actions.unreadable_words(error.code))
    users = {user.pk: user for user in accounts.active_users({each.person for each in found.shifts})}
    shifts = [
        NextShift(users[each.person], each.start, each.end, each.priority)
        for each in found.shifts
        if each.person in users
    ]
    return Checked("", found.events, list(users.values()), shifts[:8], found.problems)
