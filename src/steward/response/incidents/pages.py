"""Pages of incidents: the list, one incident and its live part, and what people do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from steward.estate.configuration import queries as configuration
from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Conflict, Invalid, NotFound
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, is_htmx, page
from steward.response.incidents import actions, queries, rules, shown
from steward.response.incidents.forms import AssignForm, DeclareForm, NoteForm, SeverityForm, filters
from steward.response.incidents.linked import act
from steward.response.incidents.models import Incident
from steward.response.incidents.shown import actor_of
from steward.response.incidents.teamwork import teamwork

__all__ = ["act"]
EXPORTED = 50_000


@page("incidents.view")
@require_safe
def incident_list(request: HttpRequest) -> HttpResponseBase:
    """The list; without filters, what someone still works on."""
    actor = actor_of(request)
    chosen = filters(actor, request.GET)
    found = paginate(chosen.apply(queries.incidents(actor)), request_params=request.GET.dict(), order=chosen.order)
    # The template asks only when there is no row to show.
    exists = queries.incidents(actor).exists
    context = {"filters": chosen, "page": found, "exists": exists, "may_declare": actor.can("incidents.declare")}
    return render(request, "incidents/list.html", context)


@page("incidents.view")
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered list as CSV."""
    actor = actor_of(request)
    chosen = filters(actor, request.GET)
    rows = chosen.apply(queries.incidents(actor)).order_by(*chosen.order)[:EXPORTED]
    header = [
        "ref",
        "title",
        "status",
        "severity",
        "service",
        "assignee",
        "opened",
        "acknowledged",
        "resolved",
        "unreached",
    ]
    lines = (
        (
            each.ref, each.title, each.status, each.severity, each.service.name if each.service else "",
            str(each.assignee or ""), each.opened_at, each.acknowledged_at, each.resolved_at, int(each.unreached),
        )
        for each in rows.iterator(chunk_size=500)
    )  # fmt: skip
    return export_csv("incidents.csv", header, lines, request=request)


@page("incidents.declare")
@require_http_methods(["GET", "POST"])
def declare(request: HttpRequest) -> HttpResponseBase:
    """Declare an incident by hand."""
    actor = actor_of(request)
    form = DeclareForm(actor, request.POST or None, initial={"service": request.GET.get("service", "")})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                incident = actions.declare(
                    actor=actor, now=clock.now(), title=data["title"], severity=data["severity"],
                    service_id=data["service"], policy_id=data["policy"], description=data["description"],
                )  # fmt: skip
            except Invalid as error:
                for name, texts in (error.fields or {"title": [error.message]}).items():
                    form.add_error(name if name in form.fields else None, texts)
            else:
                messages.success(request, _("%(ref)s is declared.") % {"ref": incident.ref})
                return redirect("incidents:detail", incident.number)
    return render(request, "incidents/declare.html", {"form": form}, status=status)


@page("incidents.view")
@require_safe
def detail(request: HttpRequest, number: int) -> HttpResponseBase:
    """One incident."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    context = shown.everything(actor, incident, whole="all" in request.GET)
    return render(request, "incidents/detail.html", {**context, "note_form": NoteForm()})


@page("incidents.view")
@require_GET
def live(request: HttpRequest, number: int) -> HttpResponseBase:
    """The parts that change, for htmx; 204 while nothing did. Never the note form: somebody may be typing."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    if request.GET.get("at") == shown.stamp(incident):
        return HttpResponse(status=204)
    context = shown.everything(actor, incident, whole="all" in request.GET)
    response = render(request, "incidents/live.html", {**context, "swapped": True})
    # The slots of other rooms (pages, escalation) look again too.
    response["HX-Trigger"] = "refreshPanels"
    return response


@page("incidents.view")
@require_POST
def act_on(request: HttpRequest, number: int, verb: str) -> HttpResponseBase:
    """Acknowledge, resolve, reopen, close or note."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    done = VERBS.get(verb)
    if done is None:
        raise NotFound(_("An incident has no such action."))
    try:
        text = done(request, actor, incident)
    except (Conflict, Invalid) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, text)
    # A note stands at the end of a timeline that may be long.
    return redirect(reverse("incidents:detail", args=[number]) + ("#note-form" if verb == "notes" else ""))


def _acknowledge(_request: HttpRequest, actor: Actor, incident: Incident) -> str:
    actions.acknowledge(actor=actor, now=clock.now(), incident_id=incident.pk)
    return _("Acknowledged. Nobody is paged any further.")


def _resolve(request: HttpRequest, actor: Actor, incident: Incident) -> str:
    why = request.POST.get("why", "").replace("\0", "").strip()[:500]
    actions.resolve(actor=actor, now=clock.now(), incident_id=incident.pk, why=why)
    return _("Resolved. It closes after %(hours)s quiet hours.") % {"hours": rules.QUIET_PERIOD.days * 24}


def _reopen(request: HttpRequest, actor: Actor, incident: Incident) -> str:
    why = request.POST.get("why", "").replace("\0", "").strip()[:500]
    actions.reopen(actor=actor, now=clock.now(), incident_id=incident.pk, why=why)
    return _("Reopened. Its escalation starts anew.")


def _close(_request: HttpRequest, actor: Actor, incident: Incident) -> str:
    actions.close(actor=actor, now=clock.now(), incident_id=incident.pk)
    return _("Closed.")


def _still(_request: HttpRequest, actor: Actor, incident: Incident) -> str:
    known = teamwork(actor, incident)
    actions.acknowledge(
        actor=actor,
        now=clock.now(),
        incident_id=incident.pk,
        minutes=known.minutes,
        remind_minutes=known.remind_minutes,
    )
    return _("Still yours. The time counts anew.")


def _wake(_request: HttpRequest, actor: Actor, incident: Incident) -> str:
    actions.unsnooze(actor=actor, now=clock.now(), incident_id=incident.pk)
    return _("It does not rest any more.")


def _unmerge(_request: HttpRequest, actor: Actor, incident: Incident) -> str:
    actions.undo_merge(actor=actor, now=clock.now(), incident_id=incident.pk)
    return _("It is an incident of its own again.")


def _unsplit(_request: HttpRequest, actor: Actor, incident: Incident) -> str:
    into = actions.undo_split(actor=actor, now=clock.now(), incident_id=incident.pk)
    return _("Its alerts are in %(ref)s again.") % {"ref": into.ref}


def _note(request: HttpRequest, actor: Actor, incident: Incident) -> str:
    form = NoteForm(request.POST)
    if not form.is_valid():
        actor.require("incidents.note")
        raise Invalid(" ".join(str(text) for texts in form.errors.values() for text in texts))
    actions.add_note(actor=actor, now=clock.now(), incident_id=incident.pk, text=form.cleaned_data["text"])
    return _("Noted.")


VERBS: dict[str, Callable[[HttpRequest, Actor, Incident], str]] = {
    "acknowledge": _acknowledge, "resolve": _resolve, "reopen": _reopen, "close": _close, "notes": _note,
    "still": _still, "wake": _wake, "unmerge": _unmerge, "unsplit": _unsplit,
}  # fmt: skip


@page("incidents.assign")
@require_http_methods(["GET", "POST"])
def assign(request: HttpRequest, number: int) -> HttpResponseBase:
    """The dialog that gives the incident to a person."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    form = AssignForm(actor, request.POST or None, initial={"assignee": incident.assignee_id or ""})
    if request.method == "POST" and form.is_valid():
        actions.assign(actor=actor, now=clock.now(), incident_id=incident.pk, assignee_id=form.cleaned_data["assignee"])
        messages.success(request, _("Assigned."))
        return redirect("incidents:detail", number)
    return _dialog(request, incident, form, _("Assign"), "incidents:assign")


@page("incidents.edit")
@require_http_methods(["GET", "POST"])
def severity(request: HttpRequest, number: int) -> HttpResponseBase:
    """The dialog that sets the severity."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    form = SeverityForm(request.POST or None, initial={"severity": incident.severity})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        actions.set_severity(
            actor=actor, now=clock.now(), incident_id=incident.pk, severity=data["severity"], why=data["why"]
        )
        messages.success(request, _("Severity set."))
        return redirect("incidents:detail", number)
    return _dialog(request, incident, form, _("Severity"), "incidents:severity")


def _dialog(request: HttpRequest, incident: Incident, form: Any, title: str, url: str) -> HttpResponse:
    """The form in a dialog, or on a page of its own without JavaScript and with errors."""
    context = {"incident": incident, "form": form, "title": title, "url": url}
    template = "incidents/dialog.html" if is_htmx(request) else "incidents/form.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)


@page("incidents.view")
@require_safe
def service_panel(request: HttpRequest, service_id: int) -> HttpResponseBase:
    """On a service's page: its active incidents, and the latest others."""
    actor = actor_of(request)
    service = configuration.services(actor).filter(pk=service_id).first()
    if service is None:
        raise NotFound(_("There is no such service."))
    found = queries.incidents(actor).filter(service_id=service_id)
    newest = list(found.active().order_by("severity", "-opened_at", "-id")[:10])
    if len(newest) < 5:
        others = found.exclude(pk__in=[each.pk for each in newest]).order_by("-opened_at", "-id")
        newest += list(others[: 5 - len(newest)])
    return render(request, "incidents/service_panel.html", {"service": service, "incidents": newest})
