"""API of the ledger; it can only be read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.response.ledger import queries
from steward.response.ledger.models import Entry

router = Router(tags=["ledger"])
ROUTERS = {"/ledger": router}
MAX_ID = 2**63 - 1


class LedgerQuery(KeysetQuery):
    page_id: int | None = Field(None, ge=1, le=MAX_ID)
    user_id: int | None = Field(None, ge=1, le=MAX_ID)
    since: datetime | None = Field(None, description="Entries at or after this time.")
    until: datetime | None = Field(None, description="Entries before this time.")


class LedgerEntryOut(Schema):
    """``sequence`` and ``hash`` are null until the entry is sealed, some seconds after it was written."""

    id: int
    at: datetime
    kind: str
    record_id: int
    page_id: int | None
    user_id: int | None
    change: dict[str, Any]
    sequence: int | None
    hash: str | None


class LedgerEntryPage(Schema):
    items: list[LedgerEntryOut]
    next: str | None


class LedgerState(Schema):
    checkpoint: str = Field(
        description="How far the chain is; keep it elsewhere and give it to `steward ledger verify`."
    )
    late: int = Field(description="Entries that wait for their seal for more than a minute.")
    checked_at: datetime | None
    checked_through: int
    problem: str = Field(description="What the daily check found: a code and the entry; empty when the chain is whole.")


@router.get("", response=LedgerEntryPage, summary="List entries of the page ledger, newest first")
def list_entries(request: HttpRequest, query: Query[LedgerQuery]) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("audit.view")
    found: Any = queries.entries(actor)
    for name in ("page_id", "user_id"):
        if getattr(query, name) is not None:
            found = found.filter(**{name: getattr(query, name)})
    found = found.filter(at__gte=query.since) if query.since else found
    found = found.filter(at__lt=query.until) if query.until else found
    return page_of(found, query, ("-at", "-id"), _entry)


@router.get("/state", response=LedgerState, summary="How far the chain is, and whether it is whole")
def state(request: HttpRequest) -> dict[str, Any]:
    _actor(request).require("audit.view")
    known = queries.state(clock.now())
    return {
        "checkpoint": str(queries.checkpoint()), "late": known.late, "checked_at": known.checked_at,
        "checked_through": known.checked_through, "problem": known.problem,
    }  # fmt: skip


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _entry(entry: Entry) -> dict[str, Any]:
    names = ("id", "at", "kind", "record_id", "page_id", "user_id", "change", "sequence")
    known = bytes(entry.hash).hex() if entry.hash is not None else None
    return {**{name: getattr(entry, name) for name in names}, "hash": known}
