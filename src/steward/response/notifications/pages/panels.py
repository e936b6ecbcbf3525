"""Panels: how a person is reached, and the pages of a subject."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from steward.foundation.subjects import SubjectRef
from steward.foundation.ui.views import page
from steward.people.accounts import queries as accounts
from steward.response.notifications import queries
from steward.response.notifications.models import Page
from steward.response.notifications.pages.contacts import actor_of, shown


@page()
@require_GET
def person_panel(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """On a person's page: how they are reached."""
    actor = actor_of(request)
    accounts.visible_person(actor, user_id)
    mine = user_id == actor.user_id
    context: dict[str, Any] = {
        "owner_id": user_id,
        "mine": mine,
        "may_edit": mine or actor.can("people.manage"),
        "reach": queries.reach_of([user_id]).get(user_id, 0),
        "methods": shown(actor, user_id),
    }
    return render(request, "notifications/person_panel.html", context)


@page("incidents.view")
@require_GET
def pages_panel(request: HttpRequest, subject_kind: str, subject_id: int) -> HttpResponseBase:
    """On a subject's page: each page, why, and what became of it."""
    sent = queries.pages_of(actor_of(request), SubjectRef(subject_kind, subject_id))
    return render(request, "notifications/pages_panel.html", {"pages": [_told(each) for each in sent]})


def _told(sent: Page) -> dict[str, Any]:
    """A page with its deliveries as the panel shows them."""
    reason = queries.explain(sent)
    return {
        "page": sent,
        "why": reason.get("why", ""),
        "step": reason.get("step", ""),
        "problem": reason.get("problem", ""),
        "held": reason.get("held", ""),
        "seconds": (sent.sent_at - sent.created_at) if sent.sent_at else None,
        "deliveries": [
            {
                "delivery": each,
                "icon": queries.channel_icon(each.channel),
                "target": queries.delivery_target(each),
                "attempts": list(each.attempts.all()),
                "planned": each.due_at if each.state == "planned" else None,
                "carrier": each.carrier.page if each.carrier else None,
                "waits": each.due_at if each.state == "waiting" and each.due_at != sent.created_at else None,
            }
            for each in sent.deliveries.all()
        ],
    }
