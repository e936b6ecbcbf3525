"""Creating, changing and deleting schedules."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.errors import Conflict, Invalid
from steward.foundation.ui.views import page
from steward.people.accounts import queries as accounts
from steward.response.oncall import actions, forms, queries
from steward.response.oncall.models import Schedule
from steward.response.oncall.pages.common import actor_of, show, team_choices
from steward.response.oncall.pages.layers import Editor, draft_of, picture_of


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def new_schedule(request: HttpRequest) -> HttpResponseBase:
    """Create a schedule with its first layer."""
    actor = actor_of(request)
    person = accounts.person(actor.user_id or 0)
    initial = {"time_zone": person.time_zone if person else "UTC"}
    form = forms.ScheduleForm(request.POST or None, teams=team_choices(actor), initial=initial)
    editor = Editor(request, None)
    if request.method == "POST":
        layer = editor.layer()
        if form.is_valid() and layer is not None:
            try:
                saved = actions.create_schedule(
                    actor=actor, now=clock.now(), layers=[layer], **_values(form.cleaned_data)
                )
            except (Invalid, Conflict) as error:
                editor.complain(show(error, form), "layers.0.")
            else:
                messages.success(request, _("%(schedule)s was saved.") % {"schedule": saved.name})
                return redirect("oncall:schedule", slug=saved.slug)
    context = {"form": form, **editor.context()}
    return render(request, "oncall/schedule_form.html", context, status=422 if request.method == "POST" else 200)


@page("oncall.manage")
@require_POST
def preview_new(request: HttpRequest) -> HttpResponseBase:
    """What would come of a schedule that is being written."""
    form = forms.ScheduleForm(request.POST, teams=team_choices(actor_of(request)))
    form.is_valid()
    zone = form.cleaned_data.get("time_zone", "")
    draft = draft_of(request)
    context = picture_of(Schedule(name="", time_zone=zone), draft) if draft and zone else {}
    return render(request, "oncall/layer_preview.html", context)


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def edit_schedule(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Change a schedule's name, team and zone."""
    actor = actor_of(request)
    found = queries.schedule_by_slug(actor, slug)
    initial = {"name": found.name, "team": found.team_id, "time_zone": found.time_zone}
    form = forms.ScheduleForm(request.POST or None, teams=team_choices(actor), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.update_schedule(
                actor=actor, now=clock.now(), schedule_id=found.pk, **_values(form.cleaned_data)
            )
        except (Invalid, Conflict) as error:
            show(error, form)
        else:
            messages.success(request, _("%(schedule)s was saved.") % {"schedule": saved.name})
            return redirect("oncall:schedule", slug=saved.slug)
    context = {"form": form, "schedule": found}
    return render(request, "oncall/schedule_form.html", context, status=422 if request.method == "POST" else 200)


@page("oncall.manage")
@require_POST
def delete_schedule(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Delete a schedule nobody is notified through."""
    found = queries.schedule_by_slug(actor_of(request), slug)
    actions.delete_schedule(actor=actor_of(request), now=clock.now(), schedule_id=found.pk)
    messages.success(request, _("%(schedule)s was deleted.") % {"schedule": found.name})
    return redirect("oncall:schedules")


def _values(data: dict[str, Any]) -> dict[str, Any]:
    return {"name": data["name"], "team_id": data["team"], "time_zone": data["time_zone"].strip()}
