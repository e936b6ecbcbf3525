"""API of alerts, sources and parked payloads. Sending alerts in is `/in/<key>/…`, not here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema
from ninja.responses import Status

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Invalid
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.signals.alerts import actions, queries
from steward.signals.alerts.actions import LONGEST_TIMEOUT, SHORTEST_TIMEOUT
from steward.signals.alerts.errors import PayloadNotFound
from steward.signals.alerts.ingest.sources import KINDS
from steward.signals.alerts.models import (
    Acknowledgement,
    Alert,
    AlertChange,
    LastPayload,
    ParkedPayload,
    Payload,
    Source,
)
from steward.signals.alerts.shown import readable

alerts = Router(tags=["alerts"])
sources = Router(tags=["sources"])
ROUTERS = {"/alerts": alerts, "/sources": sources}
MAX_ID = 2**63 - 1


class NamedOut(Schema):
    id: int
    name: str


class HoldOut(Schema):
    """Why an alert pages nobody just now: flapping, maintenance, silence, inhibition or muted (by the times of its route).
    ``why`` is for our own people only."""

    kind: str
    why: str | None
    since: datetime | None
    until: datetime | None


class AlertOut(Schema):
    id: int
    fingerprint: str
    name: str
    status: Literal["firing", "resolved"]
    severity: str
    labels: dict[str, str]
    annotations: dict[str, str]
    generator_url: str
    source: NamedOut
    service: NamedOut | None
    item_id: int | None
    starts_at: datetime
    ends_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime
    changed_at: datetime
    expires_at: datetime | None = Field(description="When it resolves by itself unless heard of again.")
    fire_count: int
    held: HoldOut | None = Field(description="What keeps it from paging anybody just now.")


class AlertPage(Schema):
    items: list[AlertOut]
    next: str | None


class AlertQuery(KeysetQuery):
    status: list[Literal["firing", "resolved"]] = Field(default_factory=list)
    severity: list[str] = Field(default_factory=list, max_length=20)
    service: int | None = Field(None, ge=1, le=MAX_ID)
    source: int | None = Field(None, ge=1, le=MAX_ID)
    item: int | None = Field(None, ge=1, le=MAX_ID)
    name: str = Field("", max_length=300, description="Alerts whose name begins with this.")
    labels: str = Field("", max_length=2000, description="Labels as name=value, several with commas between them.")
    held: list[Literal["any", "silence", "maintenance", "inhibition", "flapping", "muted"]] = Field(
        default_factory=list, description="Only what this holds just now."
    )


class ChangeOut(Schema):
    id: int
    at: datetime
    status: Literal["firing", "resolved"]
    starts_at: datetime
    ends_at: datetime | None
    reason: dict[str, Any]
    has_payload: bool = Field(description="Whether a request brought it (it did not expire); see …/payload.")
    decided: bool = Field(description="Whether triage has decided on it.")


class ChangePage(Schema):
    items: list[ChangeOut]
    next: str | None


class PayloadOut(Schema):
    received_at: datetime
    endpoint: str = Field(description="The path below the source's key.")
    query: str
    headers: dict[str, str] = Field(description="Those that parsers read; nothing that proves who sends.")
    size: int = Field(description="Bytes that were received.")
    body: str | None = Field(description="As it came; null where it was longer than 256 kB and not kept.")


class SourceIn(Schema):
    name: str = Field(min_length=1, max_length=120)
    kind: str = Field("alertmanager", max_length=40, description="One of: " + ", ".join(KINDS) + ".")
    resolve_timeout: int = Field(300, ge=SHORTEST_TIMEOUT, le=LONGEST_TIMEOUT)
    secret: str = Field("", max_length=4_000, description="Signing secret or token, where the kind has one.")


class SourceChange(Schema):
    name: str | None = Field(None, min_length=1, max_length=120)
    resolve_timeout: int | None = Field(None, ge=SHORTEST_TIMEOUT, le=LONGEST_TIMEOUT)
    enabled: bool | None = None
    secret: str | None = Field(None, max_length=4_000, description="A new one; empty forgets it.")


class SourceOut(Schema):
    id: int
    name: str
    kind: str
    enabled: bool
    key_prefix: str
    resolve_timeout: int
    created_at: datetime
    last_received_at: datetime | None


class SourceCounted(SourceOut):
    firing: int = Field(description="Alerts that fire now.")
    parked: int = Field(description="Payloads that could not be read and wait for a person.")


class SourceWithKey(SourceOut):
    path: str = Field(description="Where to send to. It holds the key and is shown only in this answer.")


class SourcePage(Schema):
    items: list[SourceCounted]
    next: str | None


class ParkedOut(Schema):
    id: int
    source_id: int
    received_at: datetime
    endpoint: str
    error: str
    status: Literal["parked", "replayed", "discarded"]


class ParkedFull(ParkedOut):
    raw: str = Field(description="As it came; bytes that are no text are written as escapes.")


class ParkedPage(Schema):
    items: list[ParkedOut]
    next: str | None


class AcknowledgementOut(Schema):
    id: int
    received_at: datetime
    key: str = Field(description="What the sender calls the alert.")
    alert_id: int | None
    sender: str
    who: str
    note: str
    outcome: Literal["waiting", "acknowledged", "unknown", "not-firing", "changed", "no-incident"]


class AcknowledgementPage(Schema):
    items: list[AcknowledgementOut]
    next: str | None


class ReplayOut(Schema):
    alerts: int


def actor_of(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def key_of(number: int) -> int:
    return number if number <= MAX_ID else 0


def _held(alert: Alert, actor: Actor) -> dict[str, Any] | None:
    held = alert.standing
    if not held:
        return None
    why = None if actor.is_external else queries.why_held(alert)
    return {"kind": held["kind"], "why": why, "since": held.get("since"), "until": held.get("until")}


def _alert(alert: Alert, actor: Actor) -> dict[str, Any]:
    names = (
        "id", "name", "status", "severity", "labels", "annotations", "generator_url", "item_id", "starts_at", "ends_at",
        "first_seen_at", "last_seen_at", "changed_at", "fire_count",
    )  # fmt: skip
    service = alert.service
    return {
        **{name: getattr(alert, name) for name in names},
        "fingerprint": bytes(alert.fingerprint).hex(),
        "source": {"id": alert.source_id, "name": alert.source.name},
        "service": {"id": service.pk, "name": service.name} if service else None,
        "expires_at": alert.due_at if alert.status == "firing" else None,
        "held": _held(alert, actor),
    }


def _change(change: AlertChange) -> dict[str, Any]:
    names = ("id", "at", "status", "starts_at", "ends_at", "reason")
    more = {"has_payload": change.payload_id is not None, "decided": change.due_at is None}
    return {**{name: getattr(change, name) for name in names}, **more}


def _payload(found: Payload | LastPayload | None) -> dict[str, Any]:
    if found is None:
        raise PayloadNotFound(_("No request brought it, or it is not kept any more, or it is not yours to see."))
    return {
        "received_at": found.at, "endpoint": found.endpoint, "size": found.size,
        "query": str(found.context.get("query", "")), "headers": found.context.get("headers", {}),
        "body": readable(found.raw) if found.is_kept else None,
    }  # fmt: skip


def _source(source: Source) -> dict[str, Any]:
    return {name: getattr(source, name) for name in SourceOut.model_fields}


def _counted(line: queries.SourceLine) -> dict[str, Any]:
    return {**_source(line.source), "firing": line.firing, "parked": line.parked}


def _parked(parked: ParkedPayload) -> dict[str, Any]:
    return {name: getattr(parked, name) for name in ParkedOut.model_fields}


def _acknowledgement(found: Acknowledgement) -> dict[str, Any]:
    return {name: getattr(found, name) for name in AcknowledgementOut.model_fields}


@alerts.get("", response=AlertPage, summary="List alerts, the newest change first")
def list_alerts(request: HttpRequest, query: Query[AlertQuery]) -> Any:
    actor = actor_of(request)
    actor.require("alerts.view")
    found = queries.alerts(actor)
    texts = [query.name, query.labels, *query.severity]
    if any("\0" in text for text in texts):
        raise Invalid(_("A filter contains a NUL character."))
    if query.status:
        found = found.filter(status__in=query.status)
    if query.severity:
        found = found.filter(severity__in=query.severity)
    if query.held:
        found = queries.held_by(found, query.held)
    if query.service is not None:
        found = found.filter(service_id=query.service)
    if query.source is not None:
        found = found.filter(source_id=query.source)
    if query.item is not None:
        found = found.filter(item_id=query.item)
    if query.name:
        found = queries.named(found, query.name)
    if query.labels:
        found = queries.labelled(found, queries.read_labels(query.labels))
    return page_of(found, query, ("-changed_at", "-id"), lambda alert: _alert(alert, actor))


@alerts.get("/{int:alert_id}", response=AlertOut, summary="One alert")
def one_alert(request: HttpRequest, alert_id: int) -> Any:
    actor = actor_of(request)
    actor.require("alerts.view")
    return _alert(queries.alert_by_id(actor, key_of(alert_id)), actor)


@alerts.get("/{int:alert_id}/changes", response=ChangePage, summary="When it fired and resolved, and why")
def changes(request: HttpRequest, alert_id: int, query: Query[KeysetQuery]) -> Any:
    actor = actor_of(request)
    actor.require("alerts.view")
    return page_of(queries.changes_of(queries.alert_by_id(actor, key_of(alert_id))), query, ("-id",), _change)


@alerts.get("/{int:alert_id}/payload", response=PayloadOut, summary="The request that brought its newest change")
def payload(request: HttpRequest, alert_id: int) -> Any:
    actor = actor_of(request)
    actor.require("alerts.view")
    return _payload(queries.last_payload_of(actor, queries.alert_by_id(actor, key_of(alert_id))))


@alerts.get(
    "/{int:alert_id}/changes/{int:change_id}/payload", response=PayloadOut, summary="The request that brought a change"
)
def payload_of_change(request: HttpRequest, alert_id: int, change_id: int) -> Any:
    actor = actor_of(request)
    actor.require("alerts.view")
    change = queries.change_of(queries.alert_by_id(actor, key_of(alert_id)), key_of(change_id))
    return _payload(queries.payload_of(actor, change))


@sources.get("", response=SourcePage, summary="List sources")
def list_sources(request: HttpRequest, query: Query[KeysetQuery]) -> Any:
    actor = actor_of(request)
    actor.require("sources.view")
    found = page_of(queries.sources(actor), query, ("id",), lambda source: source)
    lines = queries.lines_of(found["items"])
    return {**found, "items": [_counted(each) for each in lines]}


@sources.post("", response={201: SourceWithKey}, summary="Create a source and get its key")
def create_source(request: HttpRequest, payload: SourceIn) -> Any:
    source, key = actions.create_source(
        actor=actor_of(request), now=clock.now(), name=payload.name, kind=payload.kind,
        resolve_timeout=payload.resolve_timeout, secret=payload.secret,
    )  # fmt: skip
    return Status(201, {**_source(source), "path": f"/in/{key}"})


@sources.get("/{int:source_id}", response=SourceCounted, summary="One source")
def one_source(request: HttpRequest, source_id: int) -> Any:
    actor = actor_of(request)
    actor.require("sources.view")
    return _counted(queries.source_line(actor, key_of(source_id)))


@sources.patch("/{int:source_id}", response=SourceOut, summary="Change a source")
def change_source(request: HttpRequest, source_id: int, payload: SourceChange) -> Any:
    actor = actor_of(request)
    actor.require("sources.manage")
    held = queries.source_by_id(actor, key_of(source_id))
    asked = payload.dict(exclude_none=True)
    values = {name: asked.get(name, getattr(held, name)) for name in ("name", "resolve_timeout", "enabled")}
    values["secret"] = payload.secret
    return _source(actions.update_source(actor=actor, now=clock.now(), source_id=held.pk, **values))


@sources.post("/{int:source_id}/rotate-key", response=SourceWithKey, summary="Give it a new key; the old one stops")
def rotate_key(request: HttpRequest, source_id: int) -> Any:
    source, key = actions.rotate_key(actor=actor_of(request), now=clock.now(), source_id=key_of(source_id))
    return {**_source(source), "path": f"/in/{key}"}


@sources.get(
    "/{int:source_id}/payloads", response=list[PayloadOut], summary="The last requests that it sent, at most twenty"
)
def last_payloads(request: HttpRequest, source_id: int) -> Any:
    actor = actor_of(request)
    actor.require("sources.view")
    return [
        _payload(each) for each in queries.last_payloads(actor, queries.source_by_id(actor, key_of(source_id)))[:20]
    ]


@sources.get("/{int:source_id}/parked", response=ParkedPage, summary="What of it could not be read")
def list_parked(request: HttpRequest, source_id: int, query: Query[KeysetQuery]) -> Any:
    actor = actor_of(request)
    actor.require("sources.view")
    source = queries.source_by_id(actor, key_of(source_id))
    return page_of(queries.parked(actor).filter(source=source), query, ("-received_at", "-id"), _parked)


@sources.get(
    "/{int:source_id}/acknowledgements", response=AcknowledgementPage,
    summary="Who works on its alerts, by what its sender says, and what became of that",
)  # fmt: skip
def list_acknowledgements(request: HttpRequest, source_id: int, query: Query[KeysetQuery]) -> Any:
    actor = actor_of(request)
    actor.require("sources.view")
    found = queries.acknowledgements(actor).filter(source=queries.source_by_id(actor, key_of(source_id)))
    return page_of(found, query, ("-received_at", "-id"), _acknowledgement)


@sources.get("/parked/{int:parked_id}", response=ParkedFull, summary="One parked payload, raw")
def one_parked(request: HttpRequest, parked_id: int) -> Any:
    actor = actor_of(request)
    actor.require("sources.view")
    found = queries.parked_by_id(actor, key_of(parked_id))
    return {**_parked(found), "raw": readable(bytes(found.raw))}


@sources.post("/parked/{int:parked_id}/replay", response=ReplayOut, summary="Read it again and take it in")
def replay(request: HttpRequest, parked_id: int) -> Any:
    return {"alerts": actions.replay_parked(actor=actor_of(request), now=clock.now(), parked_id=key_of(parked_id))}


@sources.post("/parked/{int:parked_id}/discard", response=ParkedOut, summary="Take it off the list")
def discard(request: HttpRequest, parked_id: int) -> Any:
    return _parked(actions.discard_parked(actor=actor_of(request), now=clock.now(), parked_id=key_of(parked_id)))
