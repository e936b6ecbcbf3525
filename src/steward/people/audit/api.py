"""API of the audit trail; it can only be read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.people.audit import queries, trail
from steward.people.audit.models import AuditEntry

router = Router(tags=["audit"])
ROUTERS = {"/audit": router}
NAMES = (
    "id", "at", "actor_kind", "actor_id", "actor_label", "action", "subject_kind", "subject_id", "subject_label",
    "before", "after", "request_id", "address",
)  # fmt: skip


class AuditQuery(KeysetQuery):
    actor: str = Field("", max_length=200, description="`user:12`, or a part of the name.")
    action: str = Field("", max_length=80, description="The action or its beginning, such as `incident`.")
    subject: str = Field("", max_length=200, description="`incident:12`, a kind, or a part of the label.")
    since: datetime | None = Field(None, description="Entries at or after this time.")
    until: datetime | None = Field(None, description="Entries before this time.")


class AuditOut(Schema):
    id: int
    at: datetime
    actor_kind: str
    actor_id: int | None
    actor_label: str
    action: str
    subject_kind: str
    subject_id: int | None
    subject_label: str
    before: dict[str, Any]
    after: dict[str, Any]
    request_id: str
    address: str


class AuditPage(Schema):
    items: list[AuditOut]
    next: str | None


@router.get("", response=AuditPage, summary="List audit entries, newest first")
def list_entries(request: HttpRequest, query: Query[AuditQuery]) -> dict[str, Any]:
    actor = cast("Actor", request.actor)  # type: ignore[attr-defined]
    actor.require("audit.view")
    found: Any = queries.entries(actor)
    for text, narrow in (
        (query.actor, trail.by_actor), (query.action, trail.by_action), (query.subject, trail.by_subject)
    ):  # fmt: skip
        found = narrow(found, text.replace("\0", "")) if text else found
    found = found.filter(at__gte=query.since) if query.since else found
    found = found.filter(at__lt=query.until) if query.until else found
    return page_of(found, query, ("-at", "-id"), _entry)


def _entry(entry: AuditEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in NAMES}
