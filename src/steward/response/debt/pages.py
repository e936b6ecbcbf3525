"""Pages of what alerts cost: the list, one alert name, and the panels on alerts, incidents and the home page."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, is_htmx, page
from steward.response.debt import actions, queries, shown
from steward.response.debt.adding import PERIODS
from steward.response.debt.forms import filters, period

EXPORTED = 50_000


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page("alerts.view")
@require_safe
def debt_list(request: HttpRequest) -> HttpResponseBase:
    """Alert names by what they cost."""
    actor, now = _actor(request), clock.now()
    chosen = filters(actor, request.GET)
    days = period(chosen)
    rows = chosen.apply(queries.lines(actor, days))
    found = paginate(rows, request_params=request.GET.dict(), order=chosen.order)
    context = {
        "filters": chosen, "page": found, "days": days, "lines": [shown.row(line) for line in found.items],
        "totals": shown.totals(actor, days), "progress": queries.progress(now),
        "may_rebuild": actor.can("routes.manage"),
    }  # fmt: skip
    return render(request, "debt/list.html", context)


@page("alerts.view")
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered list as CSV."""
    actor = _actor(request)
    chosen = filters(actor, request.GET)
    rows = chosen.apply(queries.lines(actor, period(chosen))).order_by(*chosen.order)[:EXPORTED]
    header = [
        "alert", "service", "owner", "severity", "days", "cost", "minutes", "wake-ups", "pages", "times fired",
        "median seconds", "firing minutes", "incidents", "acted on", "ignored", "for nothing", "acted", "suggestion",
        "why",
    ]  # fmt: skip
    return export_csv("alert-debt.csv", header, (shown.csv_row(each) for each in rows.iterator(500)), request=request)


@page("alerts.view")
@require_safe
def detail(request: HttpRequest) -> HttpResponseBase:
    """One alert name, over all services or in one. The name is a parameter: it may hold anything, slashes too."""
    actor, now = _actor(request), clock.now()
    name = request.GET.get("name", "").replace("\0", "")
    days = int(request.GET["days"]) if request.GET.get("days") in {str(each) for each in PERIODS} else 30
    raw = request.GET.get("service", "")
    service_id = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None
    lines = queries.of_name(actor, name, days, service_id)
    context = shown.everything(actor, now, name, days, service_id, lines)
    return render(request, "debt/detail.html", context)


@page("routes.manage")
@require_POST
def rebuild(request: HttpRequest) -> HttpResponseBase:
    """Have everything added up again, or stop that."""
    actor, now = _actor(request), clock.now()
    if request.POST.get("verb") == "stop":
        actions.stop(actor=actor, now=now)
        messages.success(request, _("Stopped. Days that were not reached keep their figures."))
    else:
        number = actions.rebuild(actor=actor, now=now)
        messages.success(request, _("%(n)s days are being added up again.") % {"n": number})
    return redirect("debt:list")


@page("alerts.view")
@require_safe
def progress(request: HttpRequest) -> HttpResponseBase:
    """How far a rebuild is, for htmx."""
    context = {"progress": queries.progress(clock.now()), "may_rebuild": _actor(request).can("routes.manage")}
    return render(request, "debt/progress.html", context)


@page("alerts.view")
@require_safe
def alert_panel(request: HttpRequest, alert_id: int) -> HttpResponseBase:
    """On an alert's page: what alerts of its name cost."""
    alert, line = queries.line_of_alert(_actor(request), alert_id)
    context = {"alert": alert, "row": shown.row(line) if line else None, "days": queries.DEFAULT_DAYS}
    return render(request, "debt/alert_panel.html", context)


@page("alerts.view")
@require_safe
def home_panel(request: HttpRequest, days: int) -> HttpResponseBase:
    """On the home page: the most expensive alert of these days."""
    line = queries.most_expensive(_actor(request), days if days in PERIODS else PERIODS[0])
    return render(request, "debt/home_panel.html", {"row": shown.row(line) if line else None})


@page("incidents.view")
@require_safe
def worth_panel(request: HttpRequest, incident_id: int) -> HttpResponseBase:
    """On an incident's page: was its alert worth it?"""
    return _panel(request, incident_id)


@page("incidents.acknowledge")
@require_POST
def judge(request: HttpRequest, incident_id: int) -> HttpResponseBase:
    """One tap: the answer of this person."""
    actor = _actor(request)
    actions.judge(
        actor=actor, now=clock.now(), incident_id=incident_id, answer=request.POST.get("answer", ""),
        note=request.POST.get("note"),
    )  # fmt: skip
    if is_htmx(request):
        return _panel(request, incident_id)
    number = shown.worth(actor, incident_id)["incident"].number
    return redirect(reverse("incidents:detail", args=[number]))


def _panel(request: HttpRequest, incident_id: int) -> HttpResponse:
    context: dict[str, Any] = shown.worth(_actor(request), incident_id)
    return render(request, "debt/worth_panel.html", context)
