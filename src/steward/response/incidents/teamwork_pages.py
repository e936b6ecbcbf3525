"""Dialogs and buttons of who is on an incident: terms, rest, handing over, more hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.errors import Conflict, Invalid, NotFound, StewardError
from steward.foundation.ui.views import is_htmx, page
from steward.response.incidents import actions, queries
from steward.response.incidents.models import Incident
from steward.response.incidents.shown import actor_of
from steward.response.incidents.teamwork import teamwork
from steward.response.incidents.teamwork_forms import HandoverForm, HelpForm, SnoozeForm, TermsForm


@page("incidents.acknowledge")
@require_http_methods(["GET", "POST"])
def terms(request: HttpRequest, number: int) -> HttpResponseBase:
    """Acknowledge, or stay on it, on terms."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    known = teamwork(actor, incident)
    initial = {"minutes": known.minutes or 30, "remind_minutes": known.remind_minutes or ""}
    form = TermsForm(request.POST or None, initial=initial)

    def act(data: dict[str, Any]) -> str:
        actions.acknowledge(
            actor=actor, now=clock.now(), incident_id=incident.pk, minutes=data["minutes"],
            remind_minutes=data["remind_minutes"],
        )  # fmt: skip
        return _("It is yours.")

    return _answer(request, incident, form, _("Acknowledge for…"), "incidents:terms", act, _("Acknowledge"))


@page("incidents.edit")
@require_http_methods(["GET", "POST"])
def snooze(request: HttpRequest, number: int) -> HttpResponseBase:
    """Let it rest."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    form = SnoozeForm(request.POST or None)

    def act(data: dict[str, Any]) -> str:
        now = clock.now()
        actions.snooze(
            actor=actor, now=now, incident_id=incident.pk, until=form.until_from(now), why=data["why"]
        )  # fmt: skip
        return _("It rests. Nobody is paged meanwhile.")

    return _answer(request, incident, form, _("Snooze"), "incidents:snooze", act, _("Snooze"))


@page("incidents.assign")
@require_http_methods(["GET", "POST"])
def handover(request: HttpRequest, number: int) -> HttpResponseBase:
    """Ask somebody to take over."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    form = HandoverForm(actor, incident.assignee_id, request.POST or None)

    def act(data: dict[str, Any]) -> str:
        made = actions.ask_handover(
            actor=actor, now=clock.now(), incident_id=incident.pk, to_id=data["to"], note=data["note"],
            minutes=data["minutes"],
        )  # fmt: skip
        return _("%(name)s is asked. It stays where it is until they accept.") % {"name": made.taker}

    return _answer(request, incident, form, _("Hand over"), "incidents:handover", act, _("Ask"))


@page("incidents.assign")
@require_http_methods(["GET", "POST"])
def more_hands(request: HttpRequest, number: int) -> HttpResponseBase:
    """Ask for more hands."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    form = HelpForm(actor, request.POST or None)

    def act(data: dict[str, Any]) -> str:
        actions.ask_help(
            actor=actor, now=clock.now(), incident_id=incident.pk, people=data["people"], policy_id=data["policy"],
            why=data["why"],
        )  # fmt: skip
        return _("Asked. The timeline says who is coming.")

    return _answer(request, incident, form, _("More hands"), "incidents:help", act, _("Ask"))


@page("incidents.view")
@require_POST
def answer_handover(request: HttpRequest, number: int, handover_id: int, answer: str) -> HttpResponseBase:
    """Accept, decline or withdraw."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    queries.handover_of(incident, handover_id)
    values: dict[str, Any] = {"actor": actor, "now": clock.now(), "handover_id": handover_id}
    if answer == "withdraw":
        return _done(request, incident, lambda: actions.withdraw_handover(**values), _("Withdrawn."))
    if answer not in {"accept", "decline"}:
        raise NotFound(_("An incident has no such action."))
    accept = answer == "accept"
    text = _("It is yours now.") if accept else _("Declined. Who asked is told.")
    return _done(request, incident, lambda: actions.answer_handover(accept=accept, **values), text)


@page("incidents.view")
@require_POST
def answer_help(request: HttpRequest, number: int, call_id: int, answer: str) -> HttpResponseBase:
    """Say whether one comes."""
    actor = actor_of(request)
    incident = queries.by_number(actor, number)
    queries.call_of(incident, call_id)
    if answer not in {"coming", "cannot"}:
        raise NotFound(_("An incident has no such action."))
    values: dict[str, Any] = {"actor": actor, "now": clock.now(), "call_id": call_id, "coming": answer == "coming"}
    text = (
        _("Everybody here sees that you are coming.") if values["coming"] else _("Everybody here sees that you cannot.")
    )
    return _done(request, incident, lambda: actions.answer_help(**values), text)


def _done(request: HttpRequest, incident: Incident, act: Callable[[], object], text: str) -> HttpResponseBase:
    try:
        act()
    except (Conflict, Invalid) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, text)
    return redirect("incidents:detail", incident.number)


def _answer(
    request: HttpRequest, incident: Incident, form: forms.Form, title: str, url: str,
    act: Callable[[dict[str, Any]], str], submit: str,
) -> HttpResponseBase:  # fmt: skip
    """The form in a dialog, or on a page of its own without JavaScript and with errors."""
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, act(form.cleaned_data))
        except (Conflict, Invalid) as error:
            _beside(form, error)
        else:
            return redirect("incidents:detail", incident.number)
    context = {"incident": incident, "form": form, "title": title, "url": url, "submit": submit}
    template = "incidents/dialog.html" if is_htmx(request) else "incidents/form.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)


def _beside(form: forms.Form, error: StewardError) -> None:
    """Each complaint beside the field that it is about."""
    if not error.fields:
        form.add_error(None, error.message)
    for name, texts in error.fields.items():
        form.add_error(name if name in form.fields else None, texts)
