"""API of contact methods and pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from steward.foundation import clock, subjects
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.people.accounts import queries as accounts
from steward.response.notifications import actions, queries
from steward.response.notifications.models import ContactMethod, Page

contact_methods = Router(tags=["contact methods"])
pages = Router(tags=["pages"])
ROUTERS = {"/contact-methods": contact_methods, "/pages": pages}
MAX_ID = 2**63 - 1


class ContactMethodQuery(KeysetQuery):
    user_id: int | None = Field(None, ge=1, le=MAX_ID)


class ContactMethodIn(Schema):
    user_id: int = Field(ge=1, le=MAX_ID)
    channel: Literal["email", "apprise"]
    target: str = Field(min_length=1, max_length=2000, description="An e-mail address or an Apprise URL.")
    enabled: bool = True


class ContactMethodChange(Schema):
    target: str | None = Field(None, min_length=1, max_length=2000)
    enabled: bool | None = None


class ContactMethodOut(Schema):
    """``target`` is shown without anything that could be a secret."""

    id: int
    user_id: int
    channel: str
    target: str
    enabled: bool


class ContactMethodPage(Schema):
    items: list[ContactMethodOut]
    next: str | None


class ReachOut(Schema):
    """Through how many addresses a page would go now; 0: nothing reaches the person."""

    user_id: int
    reach: int


class BundlingIn(Schema):
    """``seconds``: at most one message about incidents in so many; 0 sends every page by itself, null leaves it to the
    installation."""

    seconds: int | None = Field(None, ge=0, le=3600)


class BundlingOut(Schema):
    user_id: int
    seconds: int = Field(description="What counts for this person.")
    own: int | None = Field(description="What they chose themselves.")


class PageQuery(KeysetQuery):
    user_id: int | None = Field(None, ge=1, le=MAX_ID)
    state: Literal["pending", "sent", "failed", "cancelled"] | None = None
    subject: str = Field("", max_length=80, description="What they are about, such as `incident:INC-12`.")
    subject_kind: str = Field("", max_length=40)
    subject_id: int | None = Field(None, ge=1, le=MAX_ID)


class AttemptOut(Schema):
    number: int
    key: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    answer: str


class DeliveryOut(Schema):
    id: int
    channel: str
    target: str
    state: str
    next_try_at: datetime | None
    told_with: str = Field("", description="The subject of the page in whose message it is told, if it is another.")
    attempts: list[AttemptOut]


class PageOut(Schema):
    id: int
    user_id: int
    user: str
    subject_kind: str
    subject_id: int
    subject_label: str
    title: str
    reason: dict[str, Any]
    state: str
    created_at: datetime
    sent_at: datetime | None
    told_in: int | None = Field(description="The page in whose message it was told, when several were told in one.")
    deliveries: list[DeliveryOut]


class PagePage(Schema):
    items: list[PageOut]
    next: str | None


class TestOut(Schema):
    page_id: int


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _method(method: ContactMethod) -> dict[str, Any]:
    return {
        "id": method.pk, "user_id": method.user_id, "channel": method.channel,
        "target": queries.method_target(method), "enabled": method.enabled,
    }  # fmt: skip


def _page(page: Page) -> dict[str, Any]:
    names = ("id", "user_id", "subject_kind", "subject_id", "subject_label", "title", "state", "created_at", "sent_at")
    attempt = ("number", "key", "started_at", "ended_at", "outcome", "answer")
    deliveries = [
        {
            "id": each.pk, "channel": each.channel, "target": queries.delivery_target(each), "state": each.state,
            "next_try_at": each.due_at if each.state in {"retrying", "waiting"} else None,
            "told_with": each.carrier.page.subject_label if each.carrier else "",
            "attempts": [{name: getattr(one, name) for name in attempt} for one in each.attempts.all()],
        }
        for each in page.deliveries.all()
    ]  # fmt: skip
    return {
        **{name: getattr(page, name) for name in names},
        "user": str(page.user), "reason": queries.explain(page), "told_in": page.told_in_id, "deliveries": deliveries,
    }  # fmt: skip


@contact_methods.get("", response=ContactMethodPage, summary="List contact methods")
def list_contact_methods(request: HttpRequest, query: Query[ContactMethodQuery]) -> dict[str, Any]:
    _actor(request).require("people.manage")
    return page_of(queries.contact_methods(_actor(request), query.user_id), query, ("id",), _method)


@contact_methods.get("/reach", response=ReachOut, summary="Whether a page would reach a person now")
def reach(request: HttpRequest, user_id: Annotated[int, Query(ge=1, le=MAX_ID)]) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("people.view")
    person = accounts.visible_person(actor, user_id)
    return {"user_id": person.pk, "reach": queries.reach_of([person.pk])[person.pk]}


@contact_methods.get("/bundling", response=BundlingOut, summary="How a person's pages are bundled")
def get_bundling(request: HttpRequest, user_id: Annotated[int, Query(ge=1, le=MAX_ID)]) -> dict[str, Any]:
    person = accounts.visible_person(_actor(request), user_id)
    return _bundling(_actor(request), person.pk)


@contact_methods.put("/bundling", response=BundlingOut, summary="Choose how a person's pages are bundled")
def set_bundling(
    request: HttpRequest, user_id: Annotated[int, Query(ge=1, le=MAX_ID)], payload: BundlingIn
) -> dict[str, Any]:
    actions.set_bundling(actor=_actor(request), now=clock.now(), user_id=user_id, seconds=payload.seconds)
    return _bundling(_actor(request), user_id)


def _bundling(actor: Actor, user_id: int) -> dict[str, Any]:
    found = queries.bundling_of(actor, user_id)
    return {"user_id": user_id, "seconds": found.seconds, "own": found.own}


@contact_methods.post("", response={201: ContactMethodOut}, summary="Add a contact method for a person")
def add_contact_method(request: HttpRequest, payload: ContactMethodIn) -> Status[dict[str, Any]]:
    made = actions.add_contact_method(actor=_actor(request), now=clock.now(), **payload.dict())
    return Status(201, _method(made))


@contact_methods.patch("/{int:method_id}", response=ContactMethodOut, summary="Change a contact method")
def update_contact_method(request: HttpRequest, method_id: int, payload: ContactMethodChange) -> dict[str, Any]:
    made = actions.update_contact_method(actor=_actor(request), now=clock.now(), method_id=method_id, **payload.dict())
    return _method(made)


@contact_methods.delete("/{int:method_id}", response={204: None}, summary="Remove a contact method")
def remove_contact_method(request: HttpRequest, method_id: int) -> Status[None]:
    actions.remove_contact_method(actor=_actor(request), now=clock.now(), method_id=method_id)
    return Status(204, None)


@contact_methods.post("/{int:method_id}/test", response={202: TestOut}, summary="Send a test message")
def test_contact_method(request: HttpRequest, method_id: int) -> Status[dict[str, int]]:
    return Status(202, {"page_id": actions.send_test(actor=_actor(request), now=clock.now(), method_id=method_id)})


@pages.get("", response=PagePage, summary="List pages, newest first")
def list_pages(request: HttpRequest, query: Query[PageQuery]) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("incidents.view")
    wanted: dict[str, Any] = {
        "user_id": query.user_id, "state": query.state, "subject_kind": query.subject_kind or None,
        "subject_id": query.subject_id,
    }  # fmt: skip
    if query.subject:
        about = subjects.find(actor, query.subject)
        wanted |= {"subject_kind": about.kind, "subject_id": about.id}
    found = queries.pages(actor).filter(**{name: value for name, value in wanted.items() if value is not None})
    return page_of(queries.with_deliveries(found), query, ("-created_at", "-id"), _page)


@pages.get("/{int:page_id}", response=PageOut, summary="One page with its deliveries and attempts")
def get_page(request: HttpRequest, page_id: int) -> dict[str, Any]:
    _actor(request).require("incidents.view")
    return _page(queries.page_by_id(_actor(request), page_id))
