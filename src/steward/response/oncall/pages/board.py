"""Who is on call: the board, and one schedule with its calendar."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from steward.foundation import clock
from steward.foundation.moments import written
from steward.foundation.ui.views import page
from steward.response.notifications import queries as notifications
from steward.response.oncall import calendar, queries, shown
from steward.response.oncall.pages.common import actor_of

WEEKS = 4
MOST_WEEKS_AWAY = 104
# From the earliest time a page looks at to the latest, with room for a shift that sticks out.
FARTHEST = timedelta(weeks=MOST_WEEKS_AWAY + 30)
# What the calendar can show: (name, weeks shown, weeks that an arrow goes).
VIEWS = {
    "week": (gettext_lazy("Week"), 1, 1),
    "fortnight": (gettext_lazy("Two weeks"), 2, 2),
    "month": (gettext_lazy("Month"), 5, 4),
}


@page("oncall.view")
@require_GET
def board(request: HttpRequest) -> HttpResponseBase:
    """Every schedule: who, until when, who follows, and gaps."""
    actor, now = actor_of(request), clock.now()
    lines, duty, rosters = queries.overview(actor, now)
    needs = queries.needs(
        rosters, now, now + timedelta(weeks=WEEKS), queries.open_swaps([each.schedule.pk for each in rosters], now)
    )
    ahead = {each.schedule.pk: each.first_shifts(now, now + timedelta(weeks=WEEKS)) for each in rosters}
    people = [shift.user for shifts in ahead.values() for shift in shifts]
    reach = notifications.reach_of_people([*people, *(shift.user for shift in duty.now)])
    context = {
        "lines": [
            {
                "line": line,
                "needs": [need for need in needs if need.shift.schedule_id == line.schedule.pk],
                "unreachable": [each for each in ahead[line.schedule.pk] if not reach.get(each.user.pk)],
                "shifts": [{"shift": each, "unreachable": not reach.get(each.user.pk)} for each in line.shifts],
            }
            for line in lines
        ],
        "duty": duty,
        "my_reach": reach.get(actor.user_id or 0, 0),
        "tab": "schedules",
    }  # fmt: skip
    return render(request, "oncall/schedules.html", context)


@page("oncall.view")
@require_GET
def schedule(request: HttpRequest, slug: str) -> HttpResponseBase:
    """One schedule."""
    return render(request, "oncall/schedule.html", _context(request, slug))


def _context(request: HttpRequest, slug: str) -> dict[str, Any]:
    actor, now = actor_of(request), clock.now()
    roster = queries.roster_by_slug(actor, slug, now, FARTHEST)
    found = roster.schedule
    view = request.GET.get("view", "")
    view = view if view in VIEWS else "month"
    _name, weeks, step = VIEWS[view]
    offset = _offset(request)
    first = calendar.first_day(now, found.time_zone) + timedelta(weeks=offset)
    start, end = calendar.range_of(first, weeks, found.time_zone)
    order = [user.pk for user in roster.members]
    current = roster.at(now)
    coming = [each for each in roster.between(now, now + timedelta(weeks=WEEKS * 2)) if each.start > now]
    ahead = roster.first_shifts(now, now + timedelta(weeks=WEEKS))
    reach = notifications.reach_of_people([*roster.members, *(each.user for each in (*current, *ahead))])
    swaps = queries.open_swaps([found.pk], now)
    needs = queries.needs([roster], min(now, start), max(end, now + timedelta(weeks=WEEKS)), swaps)
    return {
        "schedule": found,
        "weeks": calendar.picture(
            roster.between(start, end),
            first=first,
            weeks=weeks,
            zone=found.time_zone,
            now=now,
            order=order,
            needs=needs,
        ),
        "views": [(key, name) for key, (name, *_rest) in VIEWS.items()],
        "view": view,
        "offset": offset,
        "earlier": offset - step,
        "later": offset + step,
        "me": actor.user_id,
        "current": [{"shift": each, "unreachable": not reach.get(each.user.pk)} for each in current],
        "unreachable": [each.user for each in current if not reach.get(each.user.pk)],
        "unreachable_ahead": [each for each in ahead if each.start > now and not reach.get(each.user.pk)],
        "coming": coming[:5],
        "gaps": roster.gaps(now, now + timedelta(weeks=WEEKS))[:5],
        "layers": shown.layers(roster, list(found.layers.all()), now, calendar.colours(order), reach),
        "calendars": roster.calendars,
        "needs": [need for need in needs if now < need.end <= now + timedelta(weeks=WEEKS)][:8],
        "swaps": swaps,
        "overrides": roster.overrides_after(now),
        "may_manage": actor.can("oncall.manage"),
        "policies": getattr(found, "used_by", []),
        "local_now": written(now.astimezone(ZoneInfo(found.time_zone)), "D H:i"),
    }


def _offset(request: HttpRequest) -> int:
    """By how many weeks the picture is moved, within two years."""
    text = request.GET.get("weeks", "")
    return (
        max(-MOST_WEEKS_AWAY, min(MOST_WEEKS_AWAY, int(text))) if text.lstrip("-").isdecimal() and len(text) < 5 else 0
    )
