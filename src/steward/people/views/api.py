"""API of saved views. A key acts for its organisation, so it sees and keeps the shared ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.foundation.ui import lists
from steward.people.views import actions, queries
from steward.people.views.models import SavedView

router = Router(tags=["views"])
ROUTERS = {"/views": router}


class ViewQuery(KeysetQuery):
    list: str = Field("", max_length=40, description="Only views of this list, such as incidents.")


class ViewIn(Schema):
    list: str = Field(max_length=40, examples=["incidents"])
    name: str = Field(min_length=1, max_length=actions.LONGEST_NAME)
    query: str = Field(
        "", max_length=actions.LONGEST_QUERY, examples=["severity=SEV1&sort=oldest"],
        description="Filters and order as in the address of the page.",
    )  # fmt: skip
    shared: bool = Field(True, description="A key keeps shared views only.")


class ViewChange(Schema):
    """Only what is sent changes."""

    name: str | None = Field(None, min_length=1, max_length=actions.LONGEST_NAME)
    query: str | None = Field(None, max_length=actions.LONGEST_QUERY)
    shared: bool | None = None


class ViewOut(Schema):
    """``url`` is the address of the page with this view, below Steward's own."""

    id: int
    list: str
    name: str
    query: str
    shared: bool
    owner_id: int | None
    url: str
    created_at: datetime
    updated_at: datetime


class ViewPage(Schema):
    items: list[ViewOut]
    next: str | None


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _out(view: SavedView) -> dict[str, Any]:
    page = lists.by_key(view.list)
    return {
        "id": view.pk, "list": view.list, "name": view.name, "query": view.query, "shared": view.shared,
        "owner_id": view.owner_id, "url": page.address(view.query, view.pk) if page else "",
        "created_at": view.created_at, "updated_at": view.updated_at,
    }  # fmt: skip


@router.get("", response=ViewPage, summary="Saved views")
def list_views(request: HttpRequest, query: Query[ViewQuery]) -> dict[str, Any]:
    """By list and name."""
    found = queries.views(_actor(request))
    if query.list:
        found = found.filter(list=query.list)
    return page_of(found, query, ("list", "name", "id"), _out)


@router.post("", response={201: ViewOut}, summary="Save a view")
def create_view(request: HttpRequest, data: ViewIn) -> Status[dict[str, Any]]:
    """Needs ``views.share``."""
    made = actions.create_view(
        actor=_actor(request), now=clock.now(), list_key=data.list, name=data.name, query=data.query, shared=data.shared
    )
    return Status(201, _out(made))


@router.get("/{int:view_id}", response=ViewOut, summary="One saved view")
def get_view(request: HttpRequest, view_id: int) -> dict[str, Any]:
    return _out(queries.view_by_id(_actor(request), view_id))


@router.patch("/{int:view_id}", response=ViewOut, summary="Rename, replace or share a view")
def update_view(request: HttpRequest, view_id: int, data: ViewChange) -> dict[str, Any]:
    view = actions.update_view(
        actor=_actor(request), now=clock.now(), view_id=view_id, name=data.name, query=data.query,
        shared=data.shared,
    )  # fmt: skip
    return _out(view)


@router.delete("/{int:view_id}", response={204: None}, summary="Delete a view")
def delete_view(request: HttpRequest, view_id: int) -> Status[None]:
    actions.delete_view(actor=_actor(request), now=clock.now(), view_id=view_id)
    return Status(204, None)
