"""The page behind the link in a message: it works without signing in, and only its buttons change anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from steward.foundation import clock, sentences
from steward.foundation.actors import Actor
from steward.foundation.database.rowsecurity import limited_to
from steward.foundation.errors import Conflict, Invalid, NotFound, StewardError
from steward.foundation.language import speaking
from steward.foundation.subjects import SubjectRef
from steward.foundation.ui import linkparts
from steward.people.accounts import queries as accounts
from steward.response.incidents import actions, queries, shown, teamwork
from steward.response.incidents.errors import IncidentNotFound
from steward.response.incidents.models import IncidentStatus
from steward.response.notifications import queries as notifications

ALERTS_SHOWN = 5


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the incident and changes nothing (mail scanners open links); POST acts as the person of the link."""
    try:
        link = notifications.read_link(token, clock.now())
        with _as_person(request, link.user_id) as actor:
            return _answer(request, token, actor, _incident(link.subject))
    except StewardError as error:
        return render(request, "incidents/act_refused.html", {"message": error.message}, status=error.status)


def _incident(subject: SubjectRef) -> int:
    """The incident that the message was about; a call for help is about one, too."""
    key = queries.incident_of_call(subject.id) if subject.kind == "helpcall" else subject.id
    if key is None or subject.kind not in {"incident", "helpcall"}:
        raise NotFound(_("This link is not about an incident."))
    return key


@contextmanager
def _as_person(request: HttpRequest, user_id: int) -> Iterator[Actor]:
    """The person of the link, with their language, zone and, for external people, the database's second wall."""
    user = accounts.person(user_id)
    if user is None or not user.is_active:
        raise NotFound(_("The person this link was sent to no longer works with Steward."))
    person = accounts.actor_for_user(
        user, request_id=getattr(request, "request_id", ""), address=getattr(request, "client_address", "")
    )
    actor = replace(person, kind="link")
    try:
        zone = ZoneInfo(user.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    with limited_to(actor.organisation_id if actor.is_external else None):
        with speaking(user.language), timezone.override(zone):
            yield actor


def _do(request: HttpRequest, actor: Actor, incident_id: int) -> None:
    """What a button asks for: one of ours, or one of a part that an upper room put on the page."""
    part = linkparts.find("incident", request.POST.get("part", ""))
    if part is not None:
        part.act(actor, incident_id, request.POST.dict(), clock.now())
        return
    verb, now = request.POST.get("verb", ""), clock.now()
    if verb in {"accept", "decline"}:
        handover = queries.handover_of(queries.by_id(actor, incident_id), _number(request, "handover"))
        actions.answer_handover(actor=actor, now=now, handover_id=handover.pk, accept=verb == "accept")
    elif verb in {"coming", "cannot"}:
        call = queries.call_of(queries.by_id(actor, incident_id), _number(request, "call"))
        actions.answer_help(actor=actor, now=now, call_id=call.pk, coming=verb == "coming")
    elif verb == "acknowledge":
        via, minutes = sentences.gettext("from a message"), _number(request, "minutes") or None
        actions.acknowledge(actor=actor, now=now, incident_id=incident_id, via=via, minutes=minutes)
    elif verb == "resolve":
        actions.resolve(actor=actor, now=now, incident_id=incident_id, via=sentences.gettext("from a message"))
    else:
        raise IncidentNotFound(_("A link can acknowledge or resolve an incident, or answer what you are asked."))


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _answer(request: HttpRequest, token: str, actor: Actor, incident_id: int) -> HttpResponse:
    if request.method == "POST":
        try:
            _do(request, actor, incident_id)
        except (Conflict, Invalid) as error:
            # Somebody was faster; the page shows how it stands now.
            messages.warning(request, error.message)
        return redirect("incidents:act", token)
    incident = queries.by_id(actor, incident_id)
    firing = queries.alerts(actor, incident).filter(firing=True)[:ALERTS_SHOWN]
    context = {
        "incident": incident,
        "members": list(firing),
        "who": actor.label,
        "may": {**shown.may(actor, incident), **teamwork.may(actor, incident)},
        "team": teamwork.teamwork(actor, incident),
        "why_me": shown.why_me(actor, incident),
        "parts": linkparts.rendered("incident", actor, incident_id, request),
        "mine": incident.status == IncidentStatus.ACKNOWLEDGED and incident.assignee_id == actor.user_id,
    }
    return render(request, "incidents/act.html", context)
