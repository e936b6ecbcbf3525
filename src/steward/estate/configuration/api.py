"""Services, items and relations over the API: everything their pages can do."""

from __future__ import annotations

from typing import Any, Literal, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from steward.estate.configuration import actions, queries, writing
from steward.estate.configuration.models import ConfigurationItem, Relation, Service
from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Invalid
from steward.foundation.rest.api import KeysetQuery, page_of

services = Router(tags=["services"])
items = Router(tags=["items"])
relations = Router(tags=["relations"])
ROUTERS = {"/services": services, "/items": items, "/relations": relations}
MAX_ID = 2**63 - 1


class Link(Schema):
    title: str = Field(min_length=1, max_length=200)
    url: str = Field(min_length=1, max_length=2000)


class ServiceIn(Schema):
    name: str = Field(min_length=1, max_length=120)
    description: str = Field("", max_length=5000)
    tier: int = Field(3, ge=1, le=4)
    owner_team_id: int | None = Field(None, ge=1, le=MAX_ID)
    supplier_id: int | None = Field(None, ge=1, le=MAX_ID)
    match_labels: dict[str, str] = Field({}, description="Alerts with all of these labels belong to it; none if empty.")
    links: list[Link] = []


class ServiceOut(ServiceIn):
    id: int
    slug: str


class ServicePage(Schema):
    items: list[ServiceOut]
    next: str | None


class ItemIn(Schema):
    type: str = Field(min_length=1, max_length=60)
    name: str = Field(min_length=1, max_length=200)
    environment: str = Field("", max_length=40)
    labels: dict[str, str] = {}
    service_id: int | None = Field(None, ge=1, le=MAX_ID)


class ItemOut(ItemIn):
    id: int


class ItemPage(Schema):
    items: list[ItemOut]
    next: str | None


class RelationIn(Schema):
    """One source and one target, each a service or an item."""

    kind: Literal["depends_on", "runs_on"]
    source_service_id: int | None = Field(None, ge=1, le=MAX_ID)
    source_item_id: int | None = Field(None, ge=1, le=MAX_ID)
    target_service_id: int | None = Field(None, ge=1, le=MAX_ID)
    target_item_id: int | None = Field(None, ge=1, le=MAX_ID)


class RelationOut(RelationIn):
    id: int


class RelationsOut(Schema):
    outgoing: list[RelationOut]
    incoming: list[RelationOut]


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _viewer(request: HttpRequest) -> Actor:
    actor = _actor(request)
    actor.require("estate.view")
    return actor


def _service(service: Service) -> dict[str, Any]:
    names = ("id", "slug", "name", "description", "tier", "owner_team_id", "supplier_id", "match_labels", "links")
    return {name: getattr(service, name) for name in names}


def _item(item: ConfigurationItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in ("id", "type", "name", "environment", "labels", "service_id")}


def _relation(relation: Relation) -> dict[str, Any]:
    names = ("id", "kind", "source_service_id", "source_item_id", "target_service_id", "target_item_id")
    return {name: getattr(relation, name) for name in names}


class ServiceQuery(KeysetQuery):
    q: str = Field("", max_length=200, description="A part of the name.")
    tier: int | None = Field(None, ge=1, le=4)
    owner_team_id: int | None = Field(None, ge=1, le=MAX_ID)
    supplier_id: int | None = Field(None, ge=1, le=MAX_ID)


class ItemQuery(KeysetQuery):
    q: str = Field("", max_length=200, description="A part of the name.")
    type: str = Field("", max_length=60)
    environment: str = Field("", max_length=40)
    service_id: int | None = Field(None, ge=1, le=MAX_ID)
    label: list[str] = Field([], max_length=10, description="`name=value`; an item must carry all of them.")


@services.get("", response=ServicePage, summary="List services, tier 1 first")
def list_services(request: HttpRequest, query: Query[ServiceQuery]) -> dict[str, Any]:
    found = queries.services(_viewer(request))
    if query.q:
        found = found.filter(name__icontains=query.q.replace("\0", ""))
    for name in ("tier", "owner_team_id", "supplier_id"):
        value = getattr(query, name)
        found = found.filter(**{name: value}) if value is not None else found
    return page_of(found, query, ("tier", "id"), _service)


@services.post("", response={201: ServiceOut}, summary="Create a service")
def create_service(request: HttpRequest, payload: ServiceIn) -> Status[dict[str, Any]]:
    made = actions.create_service(actor=_actor(request), now=clock.now(), **payload.dict())
    return Status(201, _service(made))


@services.get("/{slug:service}", response=ServiceOut, summary="One service")
def get_service(request: HttpRequest, service: str) -> dict[str, Any]:
    return _service(queries.service_by_slug(_viewer(request), service))


@services.put("/{slug:service}", response=ServiceOut, summary="Change a service")
def update_service(request: HttpRequest, service: str, payload: ServiceIn) -> dict[str, Any]:
    found = queries.service_by_slug(_actor(request), service)
    return _service(
        actions.update_service(actor=_actor(request), now=clock.now(), service_id=found.pk, **payload.dict())
    )


@services.delete("/{slug:service}", response={204: None}, summary="Remove a service")
def delete_service(request: HttpRequest, service: str) -> Status[None]:
    found = queries.service_by_slug(_actor(request), service)
    actions.delete_service(actor=_actor(request), now=clock.now(), service_id=found.pk)
    return Status(204, None)


@services.get("/{slug:service}/relations", response=RelationsOut, summary="What a service relates to")
def service_relations(request: HttpRequest, service: str) -> dict[str, Any]:
    found = queries.service_by_slug(_viewer(request), service)
    return _both(queries.relations(_viewer(request), service_id=found.pk))


@items.get("", response=ItemPage, summary="List items")
def list_items(request: HttpRequest, query: Query[ItemQuery]) -> dict[str, Any]:
    found = queries.with_labels(queries.items(_viewer(request)), _labels(query.label))
    if query.q:
        found = found.filter(name__icontains=query.q.replace("\0", ""))
    for name in ("type", "environment", "service_id"):
        value = getattr(query, name)
        found = found.filter(**{name: value}) if value not in {None, ""} else found
    return page_of(found, query, ("id",), _item)


def _labels(given: list[str]) -> dict[str, str]:
    try:
        return writing.read_labels("\n".join(given).replace("\0", ""))
    except ValueError as error:
        text = _("Write a label as name=value.")
        raise Invalid(text, fields={"label": [text]}) from error


@items.post("", response={201: ItemOut}, summary="Create an item")
def create_item(request: HttpRequest, payload: ItemIn) -> Status[dict[str, Any]]:
    return Status(201, _item(actions.create_item(actor=_actor(request), now=clock.now(), **payload.dict())))


@items.get("/{int:item_id}", response=ItemOut, summary="One item")
def get_item(request: HttpRequest, item_id: int) -> dict[str, Any]:
    return _item(queries.item_by_id(_viewer(request), min(item_id, MAX_ID)))


@items.put("/{int:item_id}", response=ItemOut, summary="Change an item")
def update_item(request: HttpRequest, item_id: int, payload: ItemIn) -> dict[str, Any]:
    return _item(
        actions.update_item(actor=_actor(request), now=clock.now(), item_id=min(item_id, MAX_ID), **payload.dict())
    )


@items.delete("/{int:item_id}", response={204: None}, summary="Remove an item")
def delete_item(request: HttpRequest, item_id: int) -> Status[None]:
    actions.delete_item(actor=_actor(request), now=clock.now(), item_id=min(item_id, MAX_ID))
    return Status(204, None)


@items.get("/{int:item_id}/relations", response=RelationsOut, summary="What an item relates to")
def item_relations(request: HttpRequest, item_id: int) -> dict[str, Any]:
    found = queries.item_by_id(_viewer(request), min(item_id, MAX_ID))
    return _both(queries.relations(_viewer(request), item_id=found.pk))


@relations.post("", response={201: RelationOut}, summary="Relate two services or items")
def add_relation(request: HttpRequest, payload: RelationIn) -> Status[dict[str, Any]]:
    return Status(201, _relation(actions.add_relation(actor=_actor(request), now=clock.now(), **payload.dict())))


@relations.delete("/{int:relation_id}", response={204: None}, summary="Take a relation away")
def remove_relation(request: HttpRequest, relation_id: int) -> Status[None]:
    actions.remove_relation(actor=_actor(request), now=clock.now(), relation_id=min(relation_id, MAX_ID))
    return Status(204, None)


def _both(found: tuple[list[Relation], list[Relation]]) -> dict[str, Any]:
    outgoing, incoming = found
    return {"outgoing": [_relation(each) for each in outgoing], "incoming": [_relation(each) for each in incoming]}
