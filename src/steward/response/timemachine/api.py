"""Versions and drafts over the API: everything the pages can do."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.response.timemachine import actions, queries, shown, wording
from steward.response.timemachine.models import ConfigurationVersion, Draft
from steward.response.timemachine.replay_api import router as replays
from steward.response.timemachine.rules.difference import Change, difference
from steward.response.timemachine.rules.loading import MOST_CHARACTERS
from steward.response.timemachine.rules.merging import Collision

router = Router(tags=["time machine"])
router.add_router("", replays)
ROUTERS = {"/time-machine": router}
PartWord = Literal["default", "routes", "inhibitions", "time_intervals", "flapping", "topology", "silences"]
Number = Field(ge=1, le=2**31 - 1)


class EntryFieldOut(Schema):
    name: str
    before: str
    after: str


class EntryChangeOut(Schema):
    """An entry that is different; values are as people read them, empty is none."""

    part: PartWord
    name: str
    kind: Literal["added", "removed", "changed", "moved"]
    fields: list[EntryFieldOut]


class VersionOut(Schema):
    number: int
    at: datetime
    kind: Literal["automatic", "published", "rolled_back"]
    author: str
    comment: str
    restored: int | None = Field(description="The version whose configuration it has again.")


class VersionDetail(VersionOut):
    """``text`` is the configuration as YAML, ``document`` the same with every value written out."""

    text: str
    document: dict[str, Any]
    changes: list[EntryChangeOut]


class VersionPage(Schema):
    items: list[VersionOut]
    next: str | None


class RollBackIn(Schema):
    comment: str = Field("", max_length=500)


class ProblemOut(Schema):
    """``line`` is 0 for what is wrong with the text as a whole."""

    line: int
    text: str


class ReportLine(Schema):
    """What became of a part of an imported file."""

    line: int
    part: str
    fate: Literal["carried", "differs", "lost"]
    text: str


class ReceiverOut(Schema):
    name: str
    kinds: list[str]
    used: int
    line: int


class DraftOut(Schema):
    id: int
    name: str
    origin: Literal["live", "version", "alertmanager"]
    base: int = Field(description="The version that it began from.")
    author: str
    revision: int
    created_at: datetime
    updated_at: datetime
    version: int | None = Field(description="The version as which it was published.")


class DraftDetail(DraftOut):
    text: str
    problems: list[ProblemOut]
    report: list[ReportLine]
    receivers: list[ReceiverOut]


class DraftPage(Schema):
    items: list[DraftOut]
    next: str | None


class DraftIn(Schema):
    """Without ``version`` it begins from what is live."""

    name: str = Field(min_length=1, max_length=120)
    version: int | None = Field(None, ge=1, le=2**31 - 1)


class ImportIn(Schema):
    """``text`` is an ``alertmanager.yml``."""

    name: str = Field(min_length=1, max_length=120)
    text: str = Field(max_length=MOST_CHARACTERS)


class DraftChange(Schema):
    """``revision`` is the one that was read: saving over what somebody else saved meanwhile is refused (409)."""

    revision: int = Field(ge=1, le=2**31 - 1)
    name: str | None = Field(None, min_length=1, max_length=120)
    text: str | None = Field(None, max_length=MOST_CHARACTERS)


class PoliciesIn(Schema):
    """By receiver the name of the escalation policy that takes its place; null: nobody is paged."""

    policies: dict[str, str | None] = Field(max_length=2000)


class CollisionOut(Schema):
    """Both sides changed this; the draft's is taken."""

    part: PartWord
    name: str
    field: str
    base: str
    live: str
    draft: str
    text: str


class StandingOut(Schema):
    """``changes``: from what is live to the draft. ``live_moved``: what changed live since the draft's base."""

    changes: list[EntryChangeOut]
    live_moved: list[EntryChangeOut]
    collisions: list[CollisionOut]


class RebasedOut(DraftOut):
    collisions: list[CollisionOut]


class PublishIn(Schema):
    """If live moved on since the draft began this is refused (409, with ``live``): rebase the draft, or say with
    ``overwrite`` which live version you mean to undo."""

    revision: int = Field(ge=1, le=2**31 - 1)
    comment: str = Field("", max_length=500)
    overwrite: int | None = Field(None, ge=1, le=2**31 - 1)


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _version(found: ConfigurationVersion) -> dict[str, Any]:
    values = {name: getattr(found, name) for name in ("number", "at", "kind", "author", "comment")}
    return {**values, "restored": found.restored.number if found.restored else None}


def _version_detail(found: ConfigurationVersion) -> dict[str, Any]:
    changes = _changes(queries.changes_of(found))
    return {**_version(found), "text": shown.yaml(found), "document": found.document, "changes": changes}


def _changes(found: tuple[Change, ...]) -> list[dict[str, Any]]:
    return [
        {"part": each.part, "name": each.name, "kind": each.kind,
         "fields": [{"name": f.name, "before": f.before, "after": f.after} for f in each.fields]}
        for each in found
    ]  # fmt: skip


def _draft(found: Draft) -> dict[str, Any]:
    names = ("name", "origin", "author", "revision", "created_at", "updated_at")
    values = {name: getattr(found, name) for name in names}
    version = found.version.number if found.version else None
    return {"id": found.pk, **values, "base": found.base.number, "version": version}


def _draft_detail(actor: Actor, found: Draft) -> dict[str, Any]:
    report = [
        {"line": each["line"], "part": each["part"], "fate": each["fate"], "text": wording.fate(each)}
        for each in found.report
    ]
    return {
        **_draft(found), "text": found.text, "problems": queries.plain(queries.read(actor, found.text).problems),
        "report": report, "receivers": found.receivers,
    }  # fmt: skip


def _collisions(found: tuple[Collision, ...]) -> list[dict[str, Any]]:
    names = ("part", "name", "field", "base", "live", "draft")
    return [{**{name: getattr(each, name) for name in names}, "text": wording.collision(each)} for each in found]


@router.get("/versions", response=VersionPage, summary="List the versions of the configuration")
def list_versions(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    _actor(request).require("routes.view")
    found = queries.versions(_actor(request)).select_related("restored").defer("document", "restored__document")
    return page_of(found, query, ("-number",), _version)


@router.get("/versions/{int:version_number}", response=VersionDetail, summary="One version with what it changed")
def get_version(request: HttpRequest, version_number: int) -> dict[str, Any]:
    _actor(request).require("routes.view")
    return _version_detail(queries.version_by_number(_actor(request), version_number))


class CompareQuery(Schema):
    left: int = Number
    right: int = Number


@router.get("/compare", response=list[EntryChangeOut], summary="What is different between two versions")
def compare(request: HttpRequest, query: Query[CompareQuery]) -> list[dict[str, Any]]:
    actor = _actor(request)
    actor.require("routes.view")
    left, right = (queries.version_by_number(actor, number) for number in (query.left, query.right))
    return _changes(difference(left.document, right.document))


@router.post(
    "/versions/{int:version_number}/roll-back", response=VersionDetail, summary="Make an older version live again"
)
def roll_back(request: HttpRequest, version_number: int, payload: RollBackIn) -> dict[str, Any]:
    made = actions.roll_back(
        actor=_actor(request), now=clock.now(), number=version_number, comment=payload.comment
    )  # fmt: skip
    return _version_detail(made)


@router.get("/drafts", response=DraftPage, summary="List drafts")
def list_drafts(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    _actor(request).require("routes.view")
    return page_of(queries.drafts(_actor(request)), query, ("-updated_at", "-id"), _draft)


@router.post("/drafts", response={201: DraftDetail}, summary="Begin a draft from what is live or from a version")
def create_draft(request: HttpRequest, payload: DraftIn) -> Any:
    actor = _actor(request)
    made = actions.create_draft(actor=actor, now=clock.now(), name=payload.name, number=payload.version)
    return Status(201, _draft_detail(actor, made))


@router.post("/drafts/import", response={201: DraftDetail}, summary="Make a draft of an alertmanager.yml")
def import_draft(request: HttpRequest, payload: ImportIn) -> Any:
    actor = _actor(request)
    made = actions.import_draft(actor=actor, now=clock.now(), name=payload.name, text=payload.text)
    return Status(201, _draft_detail(actor, made))


@router.get("/drafts/{int:draft_id}", response=DraftDetail, summary="One draft with what is wrong with it")
def get_draft(request: HttpRequest, draft_id: int) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("routes.view")
    return _draft_detail(actor, queries.draft_by_id(actor, draft_id))


@router.patch("/drafts/{int:draft_id}", response=DraftDetail, summary="Write a draft")
def save_draft(request: HttpRequest, draft_id: int, payload: DraftChange) -> dict[str, Any]:
    actor = _actor(request)
    made = actions.save_draft(actor=actor, now=clock.now(), draft_id=draft_id, **payload.dict())
    return _draft_detail(actor, made)


@router.delete("/drafts/{int:draft_id}", response={204: None}, summary="Throw a draft away")
def delete_draft(request: HttpRequest, draft_id: int) -> Any:
    actions.delete_draft(actor=_actor(request), now=clock.now(), draft_id=draft_id)
    return Status(204, None)


@router.get("/drafts/{int:draft_id}/changes", response=StandingOut, summary="What publishing a draft would change")
def draft_changes(request: HttpRequest, draft_id: int) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("routes.view")
    found = queries.draft_by_id(actor, draft_id)
    standing = queries.standing(found, queries.usable(actor, found))
    collisions = standing.merged.collisions if standing.merged else ()
    return {
        "changes": _changes(standing.changes), "live_moved": _changes(standing.live_moved),
        "collisions": _collisions(collisions),
    }  # fmt: skip


@router.put("/drafts/{int:draft_id}/policies", response=DraftDetail, summary="Fill in policies for receivers")
def assign_policies(request: HttpRequest, draft_id: int, payload: PoliciesIn) -> dict[str, Any]:
    actor = _actor(request)
    made = actions.assign_policies(actor=actor, now=clock.now(), draft_id=draft_id, policies=payload.policies)
    return _draft_detail(actor, made)


@router.post("/drafts/{int:draft_id}/rebase", response=RebasedOut, summary="Take what changed live into a draft")
def rebase_draft(request: HttpRequest, draft_id: int) -> dict[str, Any]:
    made, merged = actions.rebase_draft(actor=_actor(request), now=clock.now(), draft_id=draft_id)
    return {**_draft(made), "collisions": _collisions(merged.collisions if merged else ())}


@router.post("/drafts/{int:draft_id}/publish", response=VersionDetail, summary="Make a draft live")
def publish_draft(request: HttpRequest, draft_id: int, payload: PublishIn) -> dict[str, Any]:
    made = actions.publish_draft(actor=_actor(request), now=clock.now(), draft_id=draft_id, **payload.dict())
    return _version_detail(made)
