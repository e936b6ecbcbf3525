"""API of contact methods and pages."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Any, Literal, cast

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from steward.foundation import clock, subjects
from steward.foundation.actors import Actor
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.people.accounts import queries as accounts
from steward.response.notifications import actions, queries
from steward.response.notifications.models import ContactMethod, Page
from steward.response.notifications.rules import plans

contact_methods = Router(tags=["contact methods"])
pages = Router(tags=["pages"])
channel_router = Router(tags=["channels"])
ROUTERS = {"/contact-methods": contact_methods, "/pages": pages, "/channels": channel_router}
MAX_ID = 2**63 - 1


class ContactMethodQuery(KeysetQuery):
    user_id: int | None = Field(None, ge=1, le=MAX_ID)


class ContactMethodIn(Schema):
    user_id: int = Field(ge=1, le=MAX_ID)
    channel: str = Field(min_length=1, max_length=16, description="One of those that `GET /channels` lists.")
    target: str = Field(min_length=1, max_length=2000, description="The address in the channel's own form.")
    options: dict[str, str] = Field(default_factory=dict, description="What else the channel takes, such as a secret.")
    enabled: bool = True
    vouch: bool = Field(False, description="Take it for the person's own without a code. Needs `people.manage`.")


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
    confirmed: bool


class ContactMethodPage(Schema):
    items: list[ContactMethodOut]
    next: str | None


class ReachOut(Schema):
    """Through how many addresses a page would go now; 0: nothing reaches the person."""

    user_id: int
    reach: int


class CodeIn(Schema):
    code: str = Field(min_length=1, max_length=20)


class StepIn(Schema):
    method_id: int = Field(ge=1, le=MAX_ID)
    after_minutes: int = Field(0, ge=0, le=1440)


class RuleIn(Schema):
    """The steps for pages of one importance; none leaves it to ``default``, and without that to all methods at once."""

    importance: Literal["important", "normal", "default"]
    steps: list[StepIn] = Field(max_length=12)


class RulesOut(Schema):
    user_id: int
    important: list[StepIn]
    normal: list[StepIn]
    default: list[StepIn]


class QuietHoursIn(Schema):
    """When normal pages wait, in the person's zone; null for never. ``days`` are those on which they begin (1: Monday)."""

    starts: time | None = None
    ends: time | None = None
    days: list[Annotated[int, Field(ge=1, le=7)]] = Field(default_factory=list, max_length=7)


class QuietHoursOut(Schema):
    user_id: int
    starts: time | None
    ends: time | None
    days: list[int]
    time_zone: str


class ChannelSettingOut(Schema):
    name: str
    label: str
    secret: bool
    required: bool
    known: bool = Field(description="Whether it has a value; secrets are never shown.")
    value: str


class ChannelOut(Schema):
    channel: str
    label: str
    acknowledges: str = Field(
        description="Where the person can answer: `buttons`, `keys` of the phone, or a signed `link`."
    )
    ready: bool
    hourly: int = Field(description="At most so many messages a person and hour; 0: no limit.")
    problem: str
    settings: list[ChannelSettingOut]
    options: list[str] = Field(description="What a contact method of it takes beside the address.")


class ChannelIn(Schema):
    """A secret that is left out or empty stays as it is."""

    values: dict[str, str] = Field(default_factory=dict)
    hourly: int | None = Field(None, ge=0, le=10_000)


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


class DeliveryReceiptOut(Schema):
    at: datetime
    status: str
    text: str


class AttemptOut(Schema):
    number: int
    key: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    answer: str
    receipts: list[DeliveryReceiptOut] = Field(description="What the provider reported after it had taken the message.")


class DeliveryOut(Schema):
    id: int
    channel: str
    target: str
    state: str
    step: int = Field(description="The step of the person's rule, from 0.")
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
    importance: str
    held_until: datetime | None = Field(description="Until when quiet hours keep it.")
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
        "target": queries.method_target(method), "enabled": method.enabled, "confirmed": method.verified_at is not None,
    }  # fmt: skip


def _page(page: Page) -> dict[str, Any]:
    names = (
        "id",
        "user_id",
        "subject_kind",
        "subject_id",
        "subject_label",
        "title",
        "state",
        "importance",
        "held_until",
        "created_at",
        "sent_at",
    )
    attempt = ("number", "key", "started_at", "ended_at", "outcome", "answer")
    deliveries = [
        {
            "id": each.pk, "channel": each.channel, "target": queries.delivery_target(each), "state": each.state,
            "step": each.step, "next_try_at": each.due_at if each.state in {"planned", "retrying", "waiting"} else None,
            "told_with": each.carrier.page.subject_label if each.carrier else "",
            "attempts": [
                {**{name: getattr(one, name) for name in attempt},
                 "receipts": [{"at": got.at, "status": got.status, "text": got.text} for got in one.receipts.all()]}
                for one in each.attempts.all()
            ],
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


@contact_methods.get("/rules", response=RulesOut, summary="How a person wants to be paged")
def get_rules(request: HttpRequest, user_id: Annotated[int, Query(ge=1, le=MAX_ID)]) -> dict[str, Any]:
    return _rules(_actor(request), accounts.visible_person(_actor(request), user_id).pk)


@contact_methods.put("/rules", response=RulesOut, summary="Replace a person's steps for pages of one importance")
def set_rule(request: HttpRequest, user_id: Annotated[int, Query(ge=1, le=MAX_ID)], payload: RuleIn) -> dict[str, Any]:
    steps = [plans.Step(each.method_id, each.after_minutes) for each in payload.steps]
    actions.set_rule(
        actor=_actor(request), now=clock.now(), user_id=user_id, importance=payload.importance, steps=steps
    )
    return _rules(_actor(request), user_id)


def _rules(actor: Actor, user_id: int) -> dict[str, Any]:
    found = queries.personal_rules(actor, user_id)
    return {
        "user_id": user_id,
        **{
            name: [{"method_id": each.method_id, "after_minutes": each.after_minutes} for each in steps]
            for name, steps in found.items()
        },
    }


@contact_methods.get("/quiet-hours", response=QuietHoursOut, summary="When a person's normal pages wait")
def get_quiet_hours(request: HttpRequest, user_id: Annotated[int, Query(ge=1, le=MAX_ID)]) -> dict[str, Any]:
    return _quiet_hours(_actor(request), accounts.visible_person(_actor(request), user_id).pk)


@contact_methods.put("/quiet-hours", response=QuietHoursOut, summary="Say when a person's normal pages wait")
def set_quiet_hours(
    request: HttpRequest, user_id: Annotated[int, Query(ge=1, le=MAX_ID)], payload: QuietHoursIn
) -> dict[str, Any]:
    actions.set_quiet_hours(actor=_actor(request), now=clock.now(), user_id=user_id, **payload.dict())
    return _quiet_hours(_actor(request), user_id)


def _quiet_hours(actor: Actor, user_id: int) -> dict[str, Any]:
    found = queries.quiet_hours(actor, user_id)
    person = accounts.visible_person(actor, user_id)
    return {
        "user_id": user_id, "starts": found.starts if found else None, "ends": found.ends if found else None,
        "days": found.days if found else [], "time_zone": person.time_zone or "UTC",
    }  # fmt: skip


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


@contact_methods.post("/{int:method_id}/code", response={202: TestOut}, summary="Send a code through a contact method")
def send_code(request: HttpRequest, method_id: int) -> Status[dict[str, int]]:
    return Status(202, {"page_id": actions.send_code(actor=_actor(request), now=clock.now(), method_id=method_id)})


@contact_methods.post(
    "/{int:method_id}/confirm", response=ContactMethodOut, summary="Confirm a contact method by its code"
)
def confirm_contact_method(request: HttpRequest, method_id: int, payload: CodeIn) -> dict[str, Any]:
    return _method(actions.confirm(actor=_actor(request), now=clock.now(), method_id=method_id, code=payload.code))


@channel_router.get("", response=list[ChannelOut], summary="The channels and how they are set up")
def list_channels(request: HttpRequest) -> list[dict[str, Any]]:
    return [_channel(each) for each in queries.channel_states(_actor(request))]


@channel_router.put("/{slug:channel}", response=ChannelOut, summary="Set a channel up")
def set_channel(request: HttpRequest, channel: str, payload: ChannelIn) -> dict[str, Any]:
    actor = _actor(request)
    actions.set_channel(actor=actor, now=clock.now(), channel=channel, **payload.dict())
    return _channel(queries.channel_state(actor, channel))


@channel_router.delete("/{slug:channel}", response={204: None}, summary="Forget a channel's settings")
def clear_channel(request: HttpRequest, channel: str) -> Status[None]:
    actions.clear_channel(actor=_actor(request), now=clock.now(), channel=channel)
    return Status(204, None)


def _channel(state: queries.ChannelState) -> dict[str, Any]:
    known = state.channel
    return {
        "channel": known.name, "label": str(known.label), "acknowledges": known.acknowledges, "ready": state.ready,
        "hourly": state.hourly, "problem": state.problem, "options": [each.name for each in known.fields],
        "settings": [
            {
                "name": each.name, "label": str(each.label), "secret": each.secret, "required": each.required,
                "known": each.name in state.known, "value": "" if each.secret else state.values.get(each.name, ""),
            }
            for each in known.settings
        ],
    }  # fmt: skip


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
