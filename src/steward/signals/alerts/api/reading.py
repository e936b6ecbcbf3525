"""How a source is read: its mapping with versions and trial, by which labels its alerts are known, replay of all."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Schema

from steward.foundation import clock
from steward.signals.alerts import identity, queries, trial
from steward.signals.alerts import mapping as mappings
from steward.signals.alerts.api.core import actor_of, key_of, sources
from steward.signals.alerts.ingest.sources import Normalised
from steward.signals.alerts.models import MappingVersion


class MappingIn(Schema):
    document: dict[str, Any] = Field(description="The expressions, as docs/sources.md describes them.")
    note: str = Field("", max_length=300)


class MappingOut(Schema):
    number: int
    at: datetime
    author: str
    note: str
    document: dict[str, Any]


class IdentityIn(Schema):
    mode: Literal["all", "only", "except"]
    labels: list[str] = Field(default_factory=list, max_length=64)
    folds: bool = Field(False, description="Several of the sender's alerts may be one here at the same time.")


class TriedAlert(Schema):
    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    status: Literal["firing", "resolved"]
    starts_at: datetime | None
    ends_at: datetime | None


class TriedPayload(Schema):
    received_at: datetime
    number: int
    errors: list[str]
    alerts: list[TriedAlert]


class TriedMapping(Schema):
    errors: dict[str, list[str]] = Field(description="What is wrong with the mapping, by field.")
    payloads: list[TriedPayload]


class TrialIn(Schema):
    document: dict[str, Any]
    body: str | None = Field(None, max_length=262_144, description="A payload; without one, the last that came.")


class ReplayedAll(Schema):
    read: int
    failed: int


def _version(found: MappingVersion) -> dict[str, Any]:
    return {name: getattr(found, name) for name in MappingOut.model_fields}


def tried(given: Normalised) -> dict[str, Any]:
    """An alert that is not stored."""
    return {
        "name": given.name, "labels": given.labels, "annotations": given.annotations,
        "status": "resolved" if given.resolved else "firing", "starts_at": given.starts_at, "ends_at": given.ends_at,
    }  # fmt: skip


@sources.get("/{int:source_id}/mapping", response=list[MappingOut], summary="Versions of its mapping, the newest first")
def mapping_versions(request: HttpRequest, source_id: int) -> Any:
    actor = actor_of(request)
    actor.require("sources.view")
    found = queries.mapping_versions(queries.source_by_id(actor, key_of(source_id)))
    return [_version(each) for each in found[:100]]


@sources.put("/{int:source_id}/mapping", response=MappingOut, summary="Say how its JSON is read: a new version")
def save_mapping(request: HttpRequest, source_id: int, payload: MappingIn) -> Any:
    return _version(
        mappings.save_mapping(
            actor=actor_of(request), now=clock.now(), source_id=key_of(source_id), document=payload.document,
            note=payload.note,
        )
    )  # fmt: skip


@sources.post("/{int:source_id}/mapping/try", response=TriedMapping, summary="Try a mapping; stores nothing")
def try_mapping(request: HttpRequest, source_id: int, payload: TrialIn) -> Any:
    actor = actor_of(request)
    actor.require("sources.manage")
    source = queries.source_by_id(actor, key_of(source_id))
    if payload.body is not None:
        requests = [trial.Request(clock.now(), "json", {}, payload.body.encode("utf-8", "replace"))]
    else:
        last = queries.last_payloads(actor, source)[:5]
        requests = [trial.Request(each.at, each.endpoint, each.context, each.raw) for each in last if each.is_kept]
    errors, results = trial.mapped(payload.document, requests)
    return {
        "errors": errors,
        "payloads": [
            {
                "received_at": each.request.at, "number": each.number, "errors": list(each.errors),
                "alerts": [tried(alert) for alert in each.alerts],
            }
            for each in results
        ],
    }  # fmt: skip


@sources.post(
    "/{int:source_id}/mapping/{int:mapping_version}/restore",
    response=MappingOut,
    summary="Make an older version the newest one",
)
def restore_mapping(request: HttpRequest, source_id: int, mapping_version: int) -> Any:
    return _version(
        mappings.restore_mapping(
            actor=actor_of(request),
            now=clock.now(),
            source_id=key_of(source_id),
            number=min(mapping_version, 2**31 - 1),
        )
    )


@sources.get("/{int:source_id}/identity", response=IdentityIn, summary="By which labels its alerts are known")
def read_identity(request: HttpRequest, source_id: int) -> Any:
    actor = actor_of(request)
    actor.require("sources.view")
    return identity.from_json(queries.source_by_id(actor, key_of(source_id)).identity).as_json()


@sources.put("/{int:source_id}/identity", response=IdentityIn, summary="Say by which labels its alerts are known")
def set_identity(request: HttpRequest, source_id: int, payload: IdentityIn) -> Any:
    source = mappings.set_identity(
        actor=actor_of(request), now=clock.now(), source_id=key_of(source_id), mode=payload.mode,
        labels=payload.labels, folds=payload.folds,
    )  # fmt: skip
    return identity.from_json(source.identity).as_json()


@sources.post("/{int:source_id}/replay-parked", response=ReplayedAll, summary="Read everything parked again")
def replay_parked(request: HttpRequest, source_id: int) -> Any:
    actor = actor_of(request)
    actor.require("sources.manage")
    source = queries.source_by_id(actor, key_of(source_id))
    read, failed = mappings.replay_all(actor=actor, now=clock.now(), source_id=source.pk)
    return {"read": read, "failed": failed}
