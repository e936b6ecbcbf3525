"""API of the secret addresses of calendars."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from steward.foundation import clock
from steward.people.accounts import queries as accounts
from steward.response.oncall import actions, queries
from steward.response.oncall.api.common import actor_of
from steward.response.oncall.models import CalendarLink

links = Router(tags=["schedules"])


class LinkOut(Schema):
    """Where the calendar can be read without a key: a secret."""

    url: str | None = Field(description="None: there is no link.")


@links.get("/{int:schedule_id}/calendar-link", response=LinkOut, summary="The secret address of a schedule's calendar")
def schedule_link(request: HttpRequest, schedule_id: int) -> dict[str, Any]:
    actor_of(request).require("oncall.view")
    schedule = queries.schedule_by_id(actor_of(request), schedule_id)
    return _link(CalendarLink.objects.filter(schedule=schedule).first())


@links.post(
    "/{int:schedule_id}/calendar-link", response={201: LinkOut}, summary="Make or renew a schedule's calendar address"
)
def renew_schedule_link(request: HttpRequest, schedule_id: int) -> Status[dict[str, Any]]:
    link = actions.renew_schedule_link(actor=actor_of(request), now=clock.now(), schedule_id=schedule_id)
    return Status(201, _link(link))


@links.delete("/{int:schedule_id}/calendar-link", response={204: None}, summary="Take a schedule's address away")
def remove_schedule_link(request: HttpRequest, schedule_id: int) -> Status[None]:
    actions.remove_schedule_link(actor=actor_of(request), now=clock.now(), schedule_id=schedule_id)
    return Status(204, None)


@links.get("/people/{int:user_id}/calendar-link", response=LinkOut, summary="The secret address of a person's shifts")
def own_link(request: HttpRequest, user_id: int) -> dict[str, Any]:
    actor = actor_of(request)
    actor.require("oncall.manage")
    return _link(CalendarLink.objects.filter(user=accounts.visible_person(actor, user_id)).first())


@links.post(
    "/people/{int:user_id}/calendar-link", response={201: LinkOut}, summary="Make or renew the address of a person"
)
def renew_own_link(request: HttpRequest, user_id: int) -> Status[dict[str, Any]]:
    link = actions.renew_own_link(actor=actor_of(request), now=clock.now(), user_id=user_id)
    return Status(201, _link(link))


@links.delete("/people/{int:user_id}/calendar-link", response={204: None}, summary="Take a person's address away")
def remove_own_link(request: HttpRequest, user_id: int) -> Status[None]:
    actions.remove_own_link(actor=actor_of(request), now=clock.now(), user_id=user_id)
    return Status(204, None)


def _link(link: CalendarLink | None) -> dict[str, Any]:
    return {"url": actions.address_of(link) if link else None}
