"""The list of alerts and one alert with its history."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, page
from steward.signals.alerts import queries, shown
from steward.signals.alerts.forms import filters

EXPORTED = 50_000
CHANGES_SHOWN = 50
IN_PANEL = 8
PAYLOAD_SHOWN = 300_000


def actor_of(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page("alerts.view")
@require_safe
def alert_list(request: HttpRequest) -> HttpResponseBase:
    """The list; without filters, what fires."""
    actor = actor_of(request)
    chosen = filters(actor, request.GET)
    found = paginate(chosen.apply(queries.alerts(actor)), request_params=request.GET.dict(), order=chosen.order)
    # The template asks only when there is no row to show.
    exists = queries.alerts(actor).exists
    context = {"filters": chosen, "page": found, "exists": exists, "may_create": actor.can("sources.manage")}
    return render(request, "alerts/list.html", context)


@page("alerts.view")
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered list as CSV."""
    actor = actor_of(request)
    chosen = filters(actor, request.GET)
    rows = chosen.apply(queries.alerts(actor)).order_by(*chosen.order)[:EXPORTED]
    header = ["name", "status", "severity", "service", "source", "started", "ended", "changed", "times fired", "labels"]
    lines = (
        (
            each.name, each.status, each.severity, each.service.name if each.service else "", each.source.name,
            each.starts_at, each.ends_at, each.changed_at, each.fire_count,
            " ".join(f"{name}={value}" for name, value in sorted(each.labels.items())),
        )
        for each in rows.iterator(chunk_size=500)
    )  # fmt: skip
    return export_csv("alerts.csv", header, lines, request=request)


@page("alerts.view")
@require_safe
def detail(request: HttpRequest, alert_id: int) -> HttpResponseBase:
    """One alert: what it says, its history with reasons, and what was decided on it (panels of upper rooms)."""
    actor = actor_of(request)
    alert = queries.alert_by_id(actor, alert_id)
    changes = list(queries.changes_of(alert)[: CHANGES_SHOWN + 1])
    context = {
        "alert": alert,
        "why_held": "" if actor.is_external else queries.why_held(alert),
        "changes": [(change, shown.reason_text(change.reason)) for change in changes[:CHANGES_SHOWN]],
        "more": len(changes) > CHANGES_SHOWN,
        "link": shown.safe_link(alert.generator_url),
        # The summary stands under the title.
        "annotations": [
            (name, text, shown.safe_link(text)) for name, text in sorted(alert.annotations.items()) if name != "summary"
        ],
        "may_see_payloads": not actor.is_external,
        "may_see_source": actor.can("sources.view"),
    }
    return render(request, "alerts/detail.html", context)


@page("alerts.view")
@require_safe
def payload(request: HttpRequest, alert_id: int, change_id: int) -> HttpResponseBase:
    """The request that brought a change, as it came; fetched when somebody opens it."""
    actor = actor_of(request)
    found = queries.payload_of(actor, queries.change_of(queries.alert_by_id(actor, alert_id), change_id))
    raw = found.raw if found is not None else b""
    context = {"payload": found, "text": shown.pretty(raw)[:PAYLOAD_SHOWN], "cut": len(raw) > PAYLOAD_SHOWN}
    return render(request, "alerts/payload.html", context)


@page("alerts.view")
@require_safe
def service_panel(request: HttpRequest, service_id: int) -> HttpResponseBase:
    """On a service's page: what fires there."""
    configuration.visible_service(actor_of(request), service_id)
    return _panel(request, service_id=service_id)


@page("alerts.view")
@require_safe
def item_panel(request: HttpRequest, item_id: int) -> HttpResponseBase:
    """On an item's page: what fires there."""
    configuration.item_by_id(actor_of(request), item_id)
    return _panel(request, item_id=item_id)


def _panel(request: HttpRequest, **of: int) -> HttpResponseBase:
    found = list(queries.alerts(actor_of(request)).firing().filter(**of).order_by("-changed_at", "-id")[: IN_PANEL + 1])
    context = {"alerts": found[:IN_PANEL], "more": len(found) > IN_PANEL, "service_id": of.get("service_id")}
    return render(request, "alerts/firing_panel.html", context)
