"""Calendars that a schedule takes shifts from."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.errors import Conflict, Invalid
from steward.foundation.ui.views import page
from steward.response.oncall import actions, checking, forms, queries
from steward.response.oncall.models import Calendar, Schedule
from steward.response.oncall.pages.common import actor_of, show


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def new_calendar(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Have the schedule take shifts from a calendar."""
    return _edit(request, queries.schedule_by_slug(actor_of(request), slug), None)


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def edit_calendar(request: HttpRequest, calendar_id: int) -> HttpResponseBase:
    """Change a calendar."""
    found = queries.calendar_by_id(actor_of(request), calendar_id)
    return _edit(request, found.schedule, found)


@page("oncall.view")
@require_GET
def calendar(request: HttpRequest, calendar_id: int) -> HttpResponseBase:
    """What was read of a calendar: whom it means, what it does not, and the next shifts."""
    actor, now = actor_of(request), clock.now()
    found = queries.calendar_by_id(actor, calendar_id)
    shifts = list(found.shifts.filter(end_at__gt=now).select_related("user")[:10])
    context = {
        "calendar": found, "schedule": found.schedule, "shifts": shifts, "now": now,
        "problems": [_problem(each) for each in found.problems], "people": queries.people_of_calendar(found, now),
        "address": actions.shown_url(found), "may_manage": actor.can("oncall.manage"),
    }  # fmt: skip
    return render(request, "oncall/calendar_source.html", context)


@page("oncall.manage")
@require_POST
def read_calendar(request: HttpRequest, calendar_id: int) -> HttpResponseBase:
    """Read it now."""
    actions.read_again(actor=actor_of(request), now=clock.now(), calendar_id=calendar_id)
    messages.success(request, _("The calendar is being read. Reload the page in a moment."))
    return redirect("oncall:calendar", calendar_id=calendar_id)


@page("oncall.manage")
@require_POST
def delete_calendar(request: HttpRequest, calendar_id: int) -> HttpResponseBase:
    """Take a calendar away."""
    schedule = actions.remove_calendar(actor=actor_of(request), now=clock.now(), calendar_id=calendar_id)
    messages.success(request, _("The calendar was removed, and its shifts with it."))
    return redirect("oncall:schedule", slug=schedule.slug)


@page("oncall.manage")
@require_POST
def check_calendar(request: HttpRequest, slug: str, calendar_id: int = 0) -> HttpResponseBase:
    """What would come of the calendar in the form; nothing is kept."""
    actor, now = actor_of(request), clock.now()
    schedule = queries.schedule_by_slug(actor, slug)
    found = queries.calendar_by_id(actor, calendar_id) if calendar_id else None
    form = forms.CalendarForm(request.POST, request.FILES)
    form.is_valid()
    url, content = form.cleaned_data.get("url", "").strip(), _content(form.cleaned_data.get("file"))
    if not url and not content and found is None:
        return render(request, "oncall/calendar_check.html", {})
    checked = checking.check(schedule, now, url=url, content=content, kept=found)
    context = {
        "checked": checked, "schedule": schedule,
        "problems": [_problem({"code": p.code, "text": p.text, "count": p.count}) for p in checked.problems],
    }  # fmt: skip
    return render(request, "oncall/calendar_check.html", context)


def _edit(request: HttpRequest, schedule: Schedule, found: Calendar | None) -> HttpResponseBase:
    names = ("name", "priority", "as_overrides")
    initial = {name: getattr(found, name) for name in names} if found else {}
    posted = request.method == "POST"
    form = forms.CalendarForm(request.POST if posted else None, request.FILES if posted else None, initial=initial)
    if posted and form.is_valid():
        data = form.cleaned_data
        given = actions.CalendarInput(
            name=data["name"], url=data["url"].strip(), content=_content(data["file"]), priority=data["priority"],
            as_overrides=data["as_overrides"],
        )  # fmt: skip
        values: dict[str, Any] = {"actor": actor_of(request), "now": clock.now(), "calendar": given}
        try:
            if found is None:
                saved = actions.add_calendar(schedule_id=schedule.pk, **values)
            else:
                saved = actions.update_calendar(calendar_id=found.pk, **values)
        except (Invalid, Conflict) as error:
            for texts in show(error, form).values():
                form.add_error("file", texts)
        else:
            messages.success(request, _("The calendar was saved and is being read."))
            return redirect("oncall:calendar", calendar_id=saved.pk)
    context = {
        "form": form, "schedule": schedule, "calendar": found, "address": actions.shown_url(found) if found else "",
    }  # fmt: skip
    return render(request, "oncall/calendar_form.html", context, status=422 if posted else 200)


def _content(file: UploadedFile[Any] | None) -> str:
    # One byte more than may be, so that what is too large is seen to be.
    return actions.decoded(file.read(actions.TOO_LARGE + 1)) if file else ""


def _problem(each: dict[str, Any]) -> dict[str, Any]:
    what, remedy = queries.problem_words(each["code"], each["text"])
    return {"what": what, "remedy": remedy, "count": each["count"]}
