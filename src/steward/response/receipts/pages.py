"""Pages of receipts: of an alert, an incident, a page; and why a person was, or was not, paged."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Invalid, StewardError
from steward.foundation.ui.views import page
from steward.response.incidents import queries as incidents
from steward.response.receipts import queries, shown
from steward.response.receipts.forms import WhyForm
from steward.response.receipts.queries import Receipt
from steward.response.receipts.wording import verdicts
from steward.signals.alerts import queries as alerts

MOST_FIRINGS = 12


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page("alerts.view")
@require_safe
def alert(request: HttpRequest, alert_id: int) -> HttpResponseBase:
    """The way of an alert: of its last firing, or of the one that ``?episode=`` names."""
    now = clock.now()
    raw = request.GET.get("episode", "")
    episode = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None
    receipt = queries.of_alert(_actor(request), alert_id, now, episode)
    back = shown.address("alerts:detail", alert_id)
    return _show(request, receipt, now, {"back": back, "subject": receipt.facts.label})


@page("incidents.view")
@require_safe
def incident(request: HttpRequest, number: int) -> HttpResponseBase:
    """The way of an incident, from the alert that opened it."""
    actor, now = _actor(request), clock.now()
    found = incidents.by_number(actor, number)
    receipt = queries.of_incident(actor, found, now)
    back = shown.address("incidents:detail", number)
    return _show(request, receipt, now, {"back": back, "subject": found.ref, "detail": found.title})


@page("incidents.view")
@require_safe
def one_page(request: HttpRequest, page_id: int) -> HttpResponseBase:
    """The way of one page to one person."""
    now = clock.now()
    receipt = queries.of_page(_actor(request), page_id, now)
    known = receipt.facts.incidents
    back = shown.address("incidents:detail", known[0].number) if known else ""
    context = {"back": back, "subject": receipt.facts.label, "person": receipt.facts.paged[0].user}
    return _show(request, receipt, now, {**context, "detail": known[0].title if known else ""})


def _show(request: HttpRequest, receipt: Receipt, now: datetime, more: dict[str, Any]) -> HttpResponseBase:
    actor = _actor(request)
    known = receipt.facts.incidents
    ask = f"{shown.address('receipts:why')}?person={actor.user_id}&incident={known[0].ref}" if known else ""
    context = {
        "may_ask": bool(ask) and bool(actor.user_id) and actor.can("oncall.view") and receipt.facts.kind != "page",
        "ask_url": ask, "firings": receipt.episodes[-MOST_FIRINGS:],
        "receipt": receipt, "lines": shown.lines(receipt, now), "verdict": receipt.verdict,
        "sentence": verdicts.first(receipt.verdict, now),
        "beside": [verdicts.beside(code, values, now) for code, values in receipt.verdict.also],
        "icon_name": shown.banner_icon(receipt.verdict.tone), "rule_url": shown.rule_url(receipt.verdict.rule), **more,
    }  # fmt: skip
    return render(request, "receipts/receipt.html", context)


@page("oncall.view")
@require_safe
def why(request: HttpRequest) -> HttpResponseBase:
    """Why a person was, or was not, paged: about an incident, or in a stretch of time."""
    actor, now = _actor(request), clock.now()
    form = WhyForm(actor, now, request.GET or None)
    context: dict[str, Any] = {"form": form, "now": now, "answers": None}
    status = 200
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            found = queries.about_person(
                actor, data["person"], now, ref=data["incident"], start=data["start"], end=data["end"],
                found=form.people[data["person"]],
            )  # fmt: skip
        except StewardError as error:
            form.add_error("incident" if data["incident"] else None, error.message)
        else:
            context |= {
                "answers": found, "start": data["start"], "end": data["end"],
                "rows": [(each, verdicts.sentence(each.verdict, now)) for each in found.found],
            }  # fmt: skip
    if form.is_bound and form.errors:
        status = 422
    return render(request, "receipts/why.html", context, status=status)


@page("alerts.view")
@require_safe
def held(request: HttpRequest) -> HttpResponseBase:
    """What changed in a stretch of time and is held still, for htmx."""
    start, end = (parse_datetime(request.GET.get(name, "")) for name in ("start", "end"))
    if start is None or end is None or not (is_aware(start) and is_aware(end)):
        raise Invalid(_("Say from when until when, with a time zone."))
    found = queries.held_between(_actor(request), start, end)
    return render(request, "receipts/held.html", {"held": found})


@page("alerts.view")
@require_safe
def alert_panel(request: HttpRequest, alert_id: int) -> HttpResponseBase:
    """On an alert's page: the verdict on its last firing, and the way to its receipt."""
    now = clock.now()
    receipt = queries.of_alert(_actor(request), alert_id, now)
    return _panel(request, receipt, now, shown.address("receipts:alert", alert_id))


@page("incidents.view")
@require_safe
def incident_panel(request: HttpRequest, incident_id: int) -> HttpResponseBase:
    """On an incident's page: the verdict, and the way to its receipt."""
    actor, now = _actor(request), clock.now()
    found = incidents.by_id(actor, incident_id)
    receipt = queries.of_incident(actor, found, now)
    return _panel(request, receipt, now, shown.address("receipts:incident", found.number))


def _panel(request: HttpRequest, receipt: Receipt, now: datetime, url: str) -> HttpResponseBase:
    context = {
        "verdict": receipt.verdict, "sentence": verdicts.sentence(receipt.verdict, now), "url": url,
        "icon_name": shown.banner_icon(receipt.verdict.tone),
    }  # fmt: skip
    return render(request, "receipts/panel.html", context)


@page("alerts.view")
@require_safe
def home_panel(request: HttpRequest, days: int) -> HttpResponseBase:
    """On the home page: how much is held just now, by what."""
    counts = alerts.held_counts(_actor(request))
    rows = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return render(request, "receipts/home_panel.html", {"rows": rows, "total": sum(counts.values()), "days": days})
