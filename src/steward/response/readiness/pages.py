"""The panel on a schedule's page."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.ui.views import page
from steward.response.oncall import queries as oncall
from steward.response.readiness import queries
from steward.response.readiness.actions import AHEAD


@page("oncall.view")
@require_GET
def panel(request: HttpRequest, schedule_id: int) -> HttpResponseBase:
    """Can everybody who is on call in the next 30 days be reached, and what did tests say?"""
    actor, now = cast("Actor", request.actor), clock.now()  # type: ignore[attr-defined]
    roster = oncall.roster_of(actor, schedule_id, now - oncall.AROUND, now + AHEAD)
    people = [shift.user.pk for shift in roster.first_shifts(now, now + AHEAD)]
    context = {
        "warnings": queries.warnings(actor).filter(schedule_id=schedule_id),
        "proofs": queries.proofs_of(people),
        "people": len(people),
    }
    return render(request, "readiness/panel.html", context)
