"""Calendars at secret addresses, and the pages that show these."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from steward.foundation import clock
from steward.foundation.errors import NotFound
from steward.foundation.ui.views import is_htmx, page
from steward.response.oncall import actions, ics, queries
from steward.response.oncall.errors import LinkNotFound
from steward.response.oncall.models import CalendarLink
from steward.response.oncall.pages.common import actor_of


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """A calendar for whoever knows the address; ``?gaps=1`` adds the times when nobody is on call."""
    gaps = request.GET.get("gaps") == "1"
    try:
        given = actions.give_calendar(token=token, now=clock.now())
    except LinkNotFound as error:
        return HttpResponse(error.message, status=404, content_type="text/plain; charset=utf-8")
    etag = f'"{given.digest}{"-gaps" if gaps else ""}"'
    modified = int(given.changed_at.timestamp())
    known = get_conditional_response(request, etag=etag, last_modified=modified)
    response: HttpResponse = known or HttpResponse(
        ics.written(given, gaps=gaps), content_type="text/calendar; charset=utf-8"
    )
    if known is None:
        response["Content-Disposition"] = 'inline; filename="on-call.ics"'
    response["ETag"] = etag
    response["Last-Modified"] = http_date(modified)
    response["Cache-Control"] = "private, max-age=300"
    response["X-Robots-Tag"] = "noindex"
    return response


@page("oncall.view")
@require_safe
def schedule_link(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The address of a schedule's calendar: a dialog for htmx, a page otherwise."""
    actor = actor_of(request)
    found = queries.schedule_by_slug(actor, slug)
    link = CalendarLink.objects.filter(schedule=found).first()
    return _shown(request, link, {"schedule": found, "may_renew": actor.can("oncall.manage")})


@page("oncall.manage")
@require_POST
def renew_schedule_link(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Make the address of a schedule's calendar, or another one."""
    actor = actor_of(request)
    found = queries.schedule_by_slug(actor, slug)
    link = actions.renew_schedule_link(actor=actor, now=clock.now(), schedule_id=found.pk)
    _say_renewed(request, link)
    return redirect("oncall:schedule-link", slug=found.slug)


@page("oncall.manage")
@require_POST
def remove_schedule_link(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Take the address of a schedule's calendar away."""
    found = queries.schedule_by_slug(actor_of(request), slug)
    actions.remove_schedule_link(actor=actor_of(request), now=clock.now(), schedule_id=found.pk)
    messages.success(request, _("The calendar link was removed."))
    return redirect("oncall:schedule", slug=found.slug)


@page("oncall.view")
@require_safe
def own_link(request: HttpRequest) -> HttpResponseBase:
    """The address of the reader's own shifts."""
    link = CalendarLink.objects.filter(user_id=_reader(request)).first()
    return _shown(request, link, {"schedule": None, "may_renew": True})


@page("oncall.view")
@require_POST
def renew_own_link(request: HttpRequest) -> HttpResponseBase:
    """Make the address of the reader's own shifts, or another one."""
    link = actions.renew_own_link(actor=actor_of(request), now=clock.now(), user_id=_reader(request))
    _say_renewed(request, link)
    return redirect("oncall:own-link")


@page("oncall.view")
@require_POST
def remove_own_link(request: HttpRequest) -> HttpResponseBase:
    """Take the address of the reader's own shifts away."""
    actions.remove_own_link(actor=actor_of(request), now=clock.now(), user_id=_reader(request))
    messages.success(request, _("The calendar link was removed."))
    return redirect("oncall:mine")


def _reader(request: HttpRequest) -> int:
    user_id = actor_of(request).user_id
    if user_id is None:
        raise NotFound(_("Shifts belong to a person. Sign in as one."))
    return user_id


def _shown(request: HttpRequest, link: CalendarLink | None, context: dict[str, Any]) -> HttpResponseBase:
    address = actions.address_of(link) if link else ""
    context |= {"link": link, "address": address, "webcal": address.partition("://")[2]}
    response = render(request, "oncall/link_dialog.html" if is_htmx(request) else "oncall/link.html", context)
    # The address is a secret: no copy of the page stays behind.
    response["Cache-Control"] = "no-store"
    return response


def _say_renewed(request: HttpRequest, link: CalendarLink) -> None:
    text = _("The calendar has a new link; the old one stopped.") if link.number > 1 else _("The calendar has a link.")
    messages.success(request, text)
