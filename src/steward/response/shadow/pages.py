"""Pages of shadow mode: the sources, the comparison of one, one alert on both sides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.ui.views import export_csv, page
from steward.response.incidents import queries as incidents
from steward.response.shadow import actions, queries, shown
from steward.response.shadow.errors import UnknownPolicy
from steward.signals.alerts import queries as alerts

PERIODS = {"1": timedelta(hours=1), "24": timedelta(days=1), "168": timedelta(days=7)}
SINCE_CHANGED = "version"


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _hours(request: HttpRequest) -> str:
    asked = request.GET.get("hours", "")
    return asked if asked in PERIODS or asked == SINCE_CHANGED else "24"


def _compared(request: HttpRequest, source_id: int) -> queries.Comparison:
    now = clock.now()
    period = PERIODS.get(_hours(request))
    return queries.compare(_actor(request), source_id, None if period is None else now - period, now)


@page("sources.view")
@require_safe
def sources(request: HttpRequest) -> HttpResponseBase:
    """Sources that can be compared: what Prometheus sends to."""
    found = list(alerts.sources(_actor(request)).filter(kind="alertmanager"))
    heard = queries.last_heard([each.pk for each in found])
    rows = [{"source": each, "status": f"mode-{each.mode}", "heard": heard.get(each.pk)} for each in found]
    return render(request, "shadow/list.html", {"rows": rows})


@page("sources.view")
@require_safe
def detail(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """The comparison of a source over a period."""
    actor = _actor(request)
    comparison = _compared(request, source_id)
    source, heard = comparison.source, comparison.receivers.heard
    alike = queries.alike_since(comparison, heard)
    agreement = comparison.summary.agreement
    context: dict[str, Any] = {
        "source": source, "status": f"mode-{source.mode}", "comparison": comparison, "heard": heard,
        "hours": _hours(request), "periods": [("1", _("1 hour")), ("24", _("24 hours")), ("168", _("7 days")),
                    (SINCE_CHANGED, _("since the configuration changed"))],
        "percent": None if agreement is None else f"{int(agreement * 1000) / 10:g}", "alike": alike,
        "ready": alike is not None and not comparison.differences and source.mode == "shadow",
        "counts": shown.counts(comparison), "groups": shown.by_reason(comparison), "rows": shown.alerts(comparison),
        "more": len(comparison.outcomes) > shown.MOST_SHOWN, "receivers": comparison.receivers.standing.items(),
        "policies": comparison.receivers.policies,
        "may_manage": actor.can("sources.manage"),
    }  # fmt: skip
    return render(request, "shadow/detail.html", context)


@page("sources.view")
@require_safe
def alert(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """One alert: both timelines side by side. The fingerprint is a parameter: it is not a record's key."""
    mark = request.GET.get("fingerprint", "")[:64]
    comparison = _compared(request, source_id)
    theirs, ours, pairs = shown.timelines(comparison, mark)
    context = {
        "source": comparison.source, "seen": comparison.alerts.get(mark),
        "outcome": f"shadow-{comparison.outcomes.get(mark, 'neither')}", "theirs": theirs, "ours": ours,
        "pairs": [shown.pair(each, comparison) for each in pairs], "hours": _hours(request),
        "decided": comparison.decided.get(mark, ("", ""))[1],
    }  # fmt: skip
    return render(request, "shadow/alert.html", context)


@page("sources.view")
@require_safe
def export(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """All notifications of the period with their outcome as CSV."""
    comparison = _compared(request, source_id)
    header = [
        "outcome", "time", "alerts", "names", "receiver there", "policy here", "seconds later here", "reason", "hint"
    ]  # fmt: skip
    found = [shown.pair(each, comparison) for each in comparison.pairs]
    rows = [
        [p["outcome"], p["at"].isoformat(), p["alerts"], p["names"], p["there"], p["here"], p["seconds"], p["reason"],
         p["hint"]]
        for p in found
    ]  # fmt: skip
    return export_csv("shadow.csv", header, rows, request=request)


@page("sources.manage")
@require_POST
def set_mode(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """Switch the mode."""
    mode = request.POST.get("mode", "")
    number = actions.set_mode(
        actor=_actor(request), now=clock.now(), source_id=source_id, mode=mode,
        page_firing=request.POST.get("page_firing") == "1",
    )  # fmt: skip
    if mode == "shadow":
        text = ngettext(
            "Shadow mode is on: nobody is paged for its alerts. %(n)s open incident went quiet.",
            "Shadow mode is on: nobody is paged for its alerts. %(n)s open incidents went quiet.", number,
        )  # fmt: skip
    else:
        text = ngettext(
            "Shadow mode is not on: its alerts page people. %(n)s open incident pages now.",
            "Shadow mode is not on: its alerts page people. %(n)s open incidents page now.", number,
        )  # fmt: skip
    messages.success(request, text % {"n": number})
    return redirect("shadow:detail", source_id)


@page("sources.manage")
@require_POST
def set_receiver(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """Say which policy stands for a receiver."""
    raw = request.POST.get("policy", "")
    policy_id = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None
    try:
        actions.set_receiver(
            actor=_actor(request), now=clock.now(), source_id=source_id, receiver=request.POST.get("receiver", ""),
            policy_id=policy_id,
        )  # fmt: skip
    except UnknownPolicy as error:
        messages.error(request, error.message)
    return redirect("shadow:detail", source_id)


@page("sources.view")
@require_safe
def source_panel(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """On a source's page: its mode, with a banner where it pages nobody."""
    source = alerts.source_by_id(_actor(request), source_id)
    return render(request, "shadow/source_panel.html", {"source": source, "status": f"mode-{source.mode}"})


@page("incidents.view")
@require_safe
def incident_panel(request: HttpRequest, incident_id: int) -> HttpResponseBase:
    """On an incident that shadow mode keeps quiet."""
    return render(request, "shadow/incident_panel.html", {"incident": incidents.by_id(_actor(request), incident_id)})
