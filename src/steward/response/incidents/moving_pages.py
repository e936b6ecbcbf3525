"""The dialogs that merge an incident into another and split alerts off it; pages of their own without JavaScript."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from steward.foundation import clock
from steward.foundation.errors import Conflict, Invalid, NotFound
from steward.foundation.ui.views import is_htmx, page
from steward.response.incidents import actions, queries
from steward.response.incidents.forms import MergeForm, SplitForm
from steward.response.incidents.models import Incident
from steward.response.incidents.shown import actor_of

# More than this is not chosen one by one.
MOST_BOXES = 200


@page("incidents.edit")
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, number: int) -> HttpResponseBase:
    """Choose the incident that this one is merged into; the likeliest stand first."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    form = MergeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            into = queries.by_ref(actor, form.cleaned_data["into"])
            actions.merge(
                actor=actor, now=clock.now(), incident_id=incident.pk, into_id=into.pk, why=form.cleaned_data["why"]
            )
        except (Conflict, NotFound) as error:
            form.add_error("into", error.message)
        else:
            messages.success(request, _("%(ref)s is merged into this one.") % {"ref": incident.ref})
            return redirect("incidents:detail", into.number)
    text = request.GET.get("q", "").replace("\0", "")[:200]
    context = {
        "incident": incident, "form": form, "q": text, "chosen": request.POST.get("into", ""),
        "candidates": queries.merge_candidates(actor, incident, text),
    }  # fmt: skip
    template = "incidents/merge.html"
    if is_htmx(request):
        template = "incidents/merge_candidates.html" if "q" in request.GET else "incidents/merge_dialog.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)


@page("incidents.edit")
@require_http_methods(["GET", "POST"])
def split(request: HttpRequest, number: int) -> HttpResponseBase:
    """Choose alerts or groups that become an incident of their own."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    form = SplitForm(actor, request.POST or None, initial=_suggested(incident))
    chosen = {name: _numbers(request.POST.getlist(name)) for name in ("alerts", "groups")}
    problem = ""
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = actions.split(
                actor=actor, now=clock.now(), incident_id=incident.pk, alert_ids=chosen["alerts"],
                group_ids=chosen["groups"], title=data["title"], severity=data["severity"], policy_id=data["policy"],
                pages=data["pages"], why=data["why"],
            )  # fmt: skip
        except (Conflict, Invalid) as error:
            problem = error.message
        else:
            messages.success(request, _("%(ref)s is an incident of its own now.") % {"ref": made.ref})
            return redirect("incidents:detail", made.number)
    members = list(queries.alerts(actor, incident)[:MOST_BOXES])
    groups = queries.groups(actor, incident)
    context = {
        "incident": incident, "form": form, "problem": problem, "members": members,
        "more": max(0, incident.alert_count - len(members)), "groups": groups if len(groups) > 1 else [],
        "chosen_alerts": chosen["alerts"], "chosen_groups": chosen["groups"],
    }  # fmt: skip
    template = "incidents/split_dialog.html" if is_htmx(request) else "incidents/split.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)


def _suggested(incident: Incident) -> dict[str, Any]:
    return {
        "title": incident.title, "severity": incident.severity, "policy": incident.policy_id or "",
        "pages": incident.status == "open",
    }  # fmt: skip


def _numbers(texts: list[str]) -> list[int]:
    return [int(text) for text in texts if text.isdecimal() and len(text) < 19]
