"""A person's own rules: which method after how many minutes, by importance; and quiet hours."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Invalid, NotFound
from steward.foundation.ui.views import page
from steward.people.accounts import queries as accounts
from steward.response.notifications import actions, queries
from steward.response.notifications.forms import QuietHoursForm
from steward.response.notifications.models import Importance
from steward.response.notifications.pages.contacts import actor_of, shown
from steward.response.notifications.rules import plans

SPARE_ROWS = 3


@page()
@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest, user_id: int | None = None) -> HttpResponseBase:
    """The rules of the reader, or (for who manages people) of somebody else; POST saves those of one importance."""
    actor = actor_of(request)
    owner_id = user_id if user_id is not None else actor.user_id
    if owner_id is None:
        raise NotFound(_("Rules belong to a person. Sign in as one, or open a person's page."))
    problem: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        importance = request.POST.get("importance", "")
        try:
            steps = _steps(request)
            actions.set_rule(actor=actor, now=clock.now(), user_id=owner_id, importance=importance, steps=steps)
        except Invalid as error:
            problem, status = {importance: error.message}, 422
        else:
            messages.success(request, _("Saved."))
            return redirect(request.path)
    return render(request, "notifications/rules.html", _context(actor, owner_id, problem=problem), status=status)


@page()
@require_POST
def quiet(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """Save quiet hours."""
    actor = actor_of(request)
    form = QuietHoursForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            actions.set_quiet_hours(
                actor=actor,
                now=clock.now(),
                user_id=user_id,
                starts=data["starts"],
                ends=data["ends"],
                days=data["days"],
            )
        except Invalid as error:
            for name, texts in error.fields.items():
                form.add_error(name if name in form.fields else None, texts)
    if not form.is_valid():
        return render(request, "notifications/rules.html", _context(actor, user_id, quiet=form), status=422)
    messages.success(request, _("Saved."))
    return redirect("notifications:rules" if user_id == actor.user_id else f"/people/{user_id}/rules")


def _steps(request: HttpRequest) -> list[plans.Step]:
    """The rows that name a method; a row without one is not a step."""
    found = []
    for method, after in zip(request.POST.getlist("method"), request.POST.getlist("after"), strict=False):
        if not method:
            continue
        if not method.isdecimal() or len(method) > 18 or not (after or "0").isdecimal() or len(after) > 6:
            raise Invalid(_("Write minutes as a whole number."))
        found.append(plans.Step(int(method), int(after or 0)))
    return found


def _context(
    actor: Actor, owner_id: int, *, problem: dict[str, str] | None = None, quiet: QuietHoursForm | None = None
) -> dict[str, Any]:
    known = queries.personal_rules(actor, owner_id)
    owner = accounts.person(owner_id)
    if owner is None:
        raise NotFound(_("There is no such person."))
    about = {
        Importance.IMPORTANT: _("What wakes people: pages of important steps, and all that do not say."),
        Importance.NORMAL: _("What can wait a little. Quiet hours hold these."),
        Importance.DEFAULT: _("Counts for each of the two that has no steps of its own."),
    }
    groups = [
        {
            "name": value, "label": label, "about": about[Importance(value)], "steps": known[value],
            "problem": (problem or {}).get(value, ""), "spare": range(SPARE_ROWS),
        }
        for value, label in Importance.choices
    ]  # fmt: skip
    hours = queries.quiet_hours(actor, owner_id)
    initial = {"starts": hours.starts, "ends": hours.ends, "days": hours.days} if hours is not None else {}
    methods = [each for each in shown(actor, owner_id) if each["enabled"] and each["confirmed"]]
    return {
        "owner": owner, "mine": owner_id == actor.user_id, "groups": groups, "methods": methods,
        "any": any(known.values()), "quiet_form": quiet or QuietHoursForm(initial=initial),
        "zone": owner.time_zone or "UTC", "longest": plans.LONGEST_WAIT,
    }  # fmt: skip
