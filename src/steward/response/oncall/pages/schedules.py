"""Who is on call: the board, one schedule with its calendar, and changing them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.errors import Conflict, Invalid
from steward.foundation.moments import written
from steward.foundation.ui.views import is_htmx, page
from steward.people.accounts import queries as accounts
from steward.response.notifications import queries as notifications
from steward.response.oncall import actions, calendar, forms, queries
from steward.response.oncall.models import Schedule
from steward.response.oncall.pages.common import actor_of, people_choices, show, team_choices

WEEKS = 4
MOST_WEEKS_AWAY = 104
# From the earliest time a page looks at to the latest, with room for a shift that sticks out.
FARTHEST = timedelta(weeks=MOST_WEEKS_AWAY + 30)


@page("oncall.view")
@require_GET
def board(request: HttpRequest) -> HttpResponseBase:
    """Every schedule: who, until when, who follows, and gaps."""
    actor, now = actor_of(request), clock.now()
    lines, duty = queries.overview(actor, now)
    people = [line.shift.user for line in lines if line.shift]
    reach = notifications.reach_of_people([*people, *(shift.user for shift in duty.now)])
    context = {
        "lines": [{"line": line, "unreachable": line.shift and not reach.get(line.shift.user.pk)} for line in lines],
        "duty": duty,
        "my_reach": reach.get(actor.user_id or 0, 0),
        "tab": "schedules",
    }
    return render(request, "oncall/schedules.html", context)


@page("oncall.view")
@require_GET
def schedule(request: HttpRequest, slug: str) -> HttpResponseBase:
    """One schedule."""
    found = queries.schedule_by_slug(actor_of(request), slug)
    return render(request, "oncall/schedule.html", _schedule_context(request, found))


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def new_schedule(request: HttpRequest) -> HttpResponseBase:
    """Create a schedule."""
    return _edit(request, None)


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def edit_schedule(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Change a schedule."""
    return _edit(request, queries.schedule_by_slug(actor_of(request), slug))


@page("oncall.manage")
@require_POST
def delete_schedule(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Delete a schedule nobody is notified through."""
    found = queries.schedule_by_slug(actor_of(request), slug)
    actions.delete_schedule(actor=actor_of(request), now=clock.now(), schedule_id=found.pk)
    messages.success(request, _("%(schedule)s was deleted.") % {"schedule": found.name})
    return redirect("oncall:schedules")


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def add_override(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Have somebody take over: a dialog for htmx, a page otherwise."""
    actor, now = actor_of(request), clock.now()
    found = queries.schedule_by_slug(actor, slug)
    begin = (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    form = forms.OverrideForm(
        request.POST or None, people=people_choices(actor),
        initial={"start_at": begin, "end_at": begin + timedelta(hours=12), "user": actor.user_id},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = actions.add_override(
                actor=actor, now=now, schedule_id=found.pk, user_id=data["user"], start_at=data["start_at"],
                end_at=data["end_at"], reason=data["reason"],
            )  # fmt: skip
        except (Invalid, Conflict) as error:
            show(error, form)
        else:
            messages.success(request, _("%(person)s takes over.") % {"person": made.user})
            return redirect("oncall:schedule", slug=slug)
    context = {"schedule": found, "form": form, "local_zone": timezone.get_current_timezone_name()}
    template = "oncall/override_dialog.html" if is_htmx(request) else "oncall/override_form.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)


@page("oncall.manage")
@require_POST
def remove_override(request: HttpRequest, override_id: int) -> HttpResponseBase:
    """Take an override away."""
    found = actions.remove_override(actor=actor_of(request), now=clock.now(), override_id=override_id)
    messages.success(request, _("The override was removed; the rotation holds again."))
    return redirect("oncall:schedule", slug=found.slug)


def _schedule_context(request: HttpRequest, found: Schedule) -> dict[str, Any]:
    actor, now = actor_of(request), clock.now()
    offset = _shift(request)
    first = calendar.first_day(now, found.time_zone) + timedelta(weeks=offset)
    start, end = calendar.range_of(first, WEEKS, found.time_zone)
    roster = queries.rosters_around([found.pk], min(now, start), FARTHEST)[found.pk]
    order = [user.pk for user in roster.members]
    colours = calendar.colours(order)
    current = roster.at(now)
    coming = [each for each in roster.between(now, now + timedelta(weeks=WEEKS * 2)) if each.start > now]
    reach = notifications.reach_of_people([*roster.members, *([current.user] if current else [])])
    steps = found.steps.select_related("policy").order_by("policy__name")
    return {
        "schedule": found,
        "weeks": calendar.picture(
            roster.between(start, end), first=first, weeks=WEEKS, zone=found.time_zone, now=now, order=order
        ),
        "offset": offset,
        "current": current,
        "current_unreachable": current is not None and not reach.get(current.user.pk),
        "coming": coming[:5],
        "gaps": roster.gaps(now, now + timedelta(weeks=WEEKS))[:5],
        "members": [
            {"user": user, "unreachable": not reach.get(user.pk), "colour": colours[user.pk]} for user in roster.members
        ],
        "overrides": roster.overrides_after(now),
        "may_manage": actor.can("oncall.manage"),
        "policies": list(dict.fromkeys(step.policy for step in steps)),
        "weekday": dict(forms.WEEKDAYS)[found.handover_weekday],
        "local_now": written(now.astimezone(ZoneInfo(found.time_zone)), "D H:i"),
    }


def _shift(request: HttpRequest) -> int:
    """By how many weeks the picture is moved, within two years."""
    text = request.GET.get("weeks", "")
    return (
        max(-MOST_WEEKS_AWAY, min(MOST_WEEKS_AWAY, int(text))) if text.lstrip("-").isdecimal() and len(text) < 5 else 0
    )


def _edit(request: HttpRequest, found: Schedule | None) -> HttpResponseBase:
    actor = actor_of(request)
    members = [each.user_id for each in found.rotation_members.all()] if found else []
    errors: list[str] = []
    form = forms.ScheduleForm(request.POST or None, teams=team_choices(actor), initial=_initial(request, found))
    if request.method == "POST":
        members = forms.member_ids(request.POST)
        if form.is_valid():
            try:
                saved = _save(request, found, form.cleaned_data, members)
            except (Invalid, Conflict) as error:
                errors = show(error, form).get("members", [])
            else:
                messages.success(request, _("%(schedule)s was saved.") % {"schedule": saved.name})
                return redirect("oncall:schedule", slug=saved.slug)
    context = {
        "form": form,
        "schedule": found,
        "members": members,
        "member_errors": errors,
        "people": people_choices(actor, set(members)),
        "spare": range(1 if members else 2),
    }
    return render(request, "oncall/schedule_form.html", context, status=422 if request.method == "POST" else 200)


def _save(request: HttpRequest, found: Schedule | None, data: dict[str, Any], members: list[int]) -> Schedule:
    values = {
        "actor": actor_of(request), "now": clock.now(), "name": data["name"], "team_id": data["team"],
        "time_zone": data["time_zone"].strip(), "weeks": data["weeks"], "start": data["start"],
        "handover_weekday": data["handover_weekday"], "handover_time": data["handover_time"], "member_ids": members,
    }  # fmt: skip
    if found is None:
        return actions.create_schedule(**values)
    return actions.update_schedule(schedule_id=found.pk, **values)


def _initial(request: HttpRequest, found: Schedule | None) -> dict[str, Any]:
    if found is None:
        person = accounts.person(actor_of(request).user_id or 0)
        return {
            "time_zone": person.time_zone if person else "UTC",
            "start": timezone.localdate(clock.now()),
            "weeks": 1, "handover_weekday": 0, "handover_time": "09:00",
        }  # fmt: skip
    names = ("name", "time_zone", "weeks", "handover_weekday", "handover_time", "start")
    return {"team": found.team_id, **{name: getattr(found, name) for name in names}}
