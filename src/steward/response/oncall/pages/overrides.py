"""Stepping in for somebody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.errors import Conflict, Invalid
from steward.foundation.ui.views import is_htmx, page
from steward.response.oncall import actions, forms, queries
from steward.response.oncall.forms.common import number
from steward.response.oncall.pages.common import actor_of, people_choices, show

_LAST = 4102444800  # the year 2100, in Unix time


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def add_override(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Have somebody take over: a dialog for htmx, a page otherwise."""
    actor, now = actor_of(request), clock.now()
    found = queries.schedule_by_slug(actor, slug)
    form = forms.OverrideForm(request.POST or None, people=people_choices(actor), initial=suggested(request, now))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = actions.add_override(
                actor=actor, now=now, schedule_id=found.pk, user_id=data["user"], start_at=data["start_at"],
                end_at=data["end_at"], reason=data["reason"], replaces_id=data["replaces"],
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


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def replace(request: HttpRequest) -> HttpResponseBase:
    """Somebody is away: somebody else stands in everywhere."""
    actor, now = actor_of(request), clock.now()
    people = people_choices(actor)
    form = forms.ReplaceForm(request.POST or None, people=people, initial=suggested(request, now))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = actions.replace_everywhere(
                actor=actor, now=now, user_id=data["replaces"], by_id=data["user"], start_at=data["start_at"],
                end_at=data["end_at"], reason=data["reason"],
            )  # fmt: skip
        except (Invalid, Conflict) as error:
            show(error, form)
        else:
            text = ngettext("Stands in, in %(n)s schedule.", "Stands in, in %(n)s schedules.", len(made))
            messages.success(request, text % {"n": len(made)})
            return redirect("oncall:schedules")
    context = {"form": form, "local_zone": timezone.get_current_timezone_name()}
    return render(request, "oncall/replace_form.html", context, status=422 if request.method == "POST" else 200)


def suggested(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """What a form begins with: what was marked in the calendar (Unix times), else the next twelve hours."""
    start, end = (number(request.GET.get(name, "")) or 0 for name in ("start", "end"))
    begin = (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    until = begin + timedelta(hours=12)
    if 0 < start < end < _LAST:
        begin, until = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
    return {
        "start_at": begin, "end_at": until, "user": actor_of(request).user_id,
        "replaces": number(request.GET.get("replaces", "")),
    }  # fmt: skip
