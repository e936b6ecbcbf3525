"""Shadow mode over the API: everything the pages can do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal, cast

from django.http import HttpRequest
from ninja import Router, Schema

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.response.shadow import actions, queries, shown
from steward.signals.alerts import queries as alerts

router = Router(tags=["shadow mode"])
ROUTERS = {"/shadow": router}
Hours = Literal["1", "24", "168", "version"]


class ShadowDifferenceOut(Schema):
    outcome: str
    at: datetime
    alerts: int
    names: str
    receiver: str
    policy: str
    seconds: float
    reason: str
    hint: str


class ShadowAlertOut(Schema):
    fingerprint: str
    outcome: str
    labels: dict[str, str]
    alert_id: int | None


class ShadowComparisonOut(Schema):
    """``agreement`` is the part of notifications that are alike, from 0 to 1; null if there were none."""

    mode: str
    since: datetime
    until: datetime
    agreement: float | None
    notifications: dict[str, int]
    differences: list[ShadowDifferenceOut]
    alerts: list[ShadowAlertOut]


class ShadowModeIn(Schema):
    """``page_firing``: on leaving shadow mode, page for what fires now too."""

    mode: Literal["live", "shadow", "off"]
    page_firing: bool = False


class ShadowModeOut(Schema):
    mode: str
    incidents: int


class ShadowReceiverIn(Schema):
    receiver: str
    policy_id: int | None


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@router.get("/{source_id}", response=ShadowComparisonOut, summary="Compare what Alertmanager and Steward told")
def get_comparison(request: HttpRequest, source_id: int, hours: Hours = "24") -> dict[str, Any]:
    """At most 200 alerts, the worst first; all differences. ``hours=version``: since the configuration changed, at most
    seven days."""
    actor, now = _actor(request), clock.now()
    actor.require("sources.view")
    found = queries.compare(actor, source_id, None if hours == "version" else now - timedelta(hours=int(hours)), now)
    pairs = [shown.pair(each, found) for each in found.differences]
    return {
        "mode": found.source.mode, "since": found.since, "until": found.until, "agreement": found.summary.agreement,
        "notifications": dict(found.summary.counts),
        "differences": [
            {**pair, "receiver": pair["there"], "policy": pair["here"], "reason": pair["pair"].reason} for pair in pairs
        ],
        "alerts": [
            {"fingerprint": row["mark"], "outcome": row["outcome"], "labels": dict(row["seen"].labels),
             "alert_id": row["seen"].key}
            for row in shown.alerts(found)
        ],
    }  # fmt: skip


@router.put("/{source_id}/mode", response=ShadowModeOut, summary="Set the mode of a source")
def put_mode(request: HttpRequest, source_id: int, given: ShadowModeIn) -> dict[str, Any]:
    """``incidents``: for how many open ones it changed whether people are paged."""
    number = actions.set_mode(
        actor=_actor(request), now=clock.now(), source_id=source_id, mode=given.mode, page_firing=given.page_firing
    )
    return {"mode": given.mode, "incidents": number}


@router.get("/{source_id}/receivers", response=dict[str, str], summary="Which policy stands for which receiver")
def get_receivers(request: HttpRequest, source_id: int) -> dict[str, str]:
    actor = _actor(request)
    actor.require("sources.view")
    return queries.receivers(actor, alerts.source_by_id(actor, source_id).pk).standing


@router.put("/{source_id}/receivers", response=dict[str, str], summary="Say which policy stands for a receiver")
def put_receiver(request: HttpRequest, source_id: int, given: ShadowReceiverIn) -> dict[str, str]:
    actor = _actor(request)
    actions.set_receiver(
        actor=actor, now=clock.now(), source_id=source_id, receiver=given.receiver, policy_id=given.policy_id
    )
    return queries.receivers(actor, source_id).standing
