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
from steward.foundation.errors import Conflict, NotFound, StewardError
from steward.foundation.language import speaking
from steward.foundation.ui import linkparts
from steward.people.accounts import queries as accounts
from steward.response.incidents import actions, queries, shown
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
        if link.subject.kind != "incident":
            raise NotFound(_("This link is not about an incident."))
        with _as_person(request, link.user_id) as actor:
            return _answer(request, token, actor, link.subject.id)
    except StewardError as error:
        return render(request, "incidents/act_refused.html", {"message": error.message}, status=error.status)


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
    done = {"acknowledge": actions.acknowledge, "resolve": actions.resolve}.get(request.POST.get("verb", ""))
    if done is None:
        raise IncidentNotFound(_("A link can acknowledge or resolve an incident and nothing else."))
    done(actor=actor, now=clock.now(), incident_id=incident_id, via=sentences.gettext("from a message"))


def _answer(request: HttpRequest, token: str, actor: Actor, incident_id: int) -> HttpResponse:
    if request.method == "POST":
        try:
            _do(request, actor, incident_id)
        except Conflict as error:
            # Somebody was faster; the page shows how it stands now.
            messages.warning(request, error.message)
        return redirect("incidents:act", token)
    incident = queries.by_id(actor, incident_id)
    firing = queries.alerts(actor, incident).filter(firing=True)[:ALERTS_SHOWN]
    context = {
        "incident": incident,
        "members": list(firing),
        "who": actor.label,
        "may": shown.may(actor, incident),
        "why_me": shown.why_me(actor, incident),
        "parts": linkparts.rendered("incident", actor, incident_id, request),
        "mine": incident.status == IncidentStatus.ACKNOWLEDGED and incident.assignee_id == actor.user_id,
    }
    return render(request, "incidents/act.html", context)
