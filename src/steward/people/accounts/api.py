"""API of people, teams, organisations and keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from django.db.models import Prefetch, Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from steward.config.environment import load
from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import NotFound
from steward.foundation.rest.api import KeysetQuery, page_of
from steward.people.accounts import actions, queries
from steward.people.accounts.facts import Source, settings_of, standing
from steward.people.accounts.models import ApiKey, Membership, Organisation, Team, User

people = Router(tags=["people"])
teams = Router(tags=["teams"])
organisations = Router(tags=["organisations"])
keys = Router(tags=["API keys"])
own = Router(tags=["this key and this Steward"])
ROUTERS = {"/people": people, "/teams": teams, "/organisations": organisations, "/api-keys": keys, "": own}
# What the database's key type can hold.
MAX_ID = 2**63 - 1
LANGUAGE = "en or zh-hans; empty: pages as the browser says, messages in this Steward's language."


class PeopleQuery(KeysetQuery):
    q: str = Field("", max_length=200, description="A part of the name, user name or e-mail address.")
    role: str = Field("", max_length=16)
    team: int | None = Field(None, ge=1, le=MAX_ID)
    organisation: int | None = Field(None, ge=1, le=MAX_ID)
    active: bool | None = None


class PersonIn(Schema):
    username: str = Field(min_length=1, max_length=80)
    name: str = Field(min_length=1, max_length=200)
    role: str = Field(max_length=16, examples=["responder"])
    email: str = Field("", max_length=254)
    password: str | None = Field(None, max_length=500, description="Without one the person cannot sign in yet.")
    organisation_id: int | None = Field(None, ge=1, le=MAX_ID, description="The home organisation if left out.")
    time_zone: str = Field("UTC", max_length=64)
    language: str = Field("", max_length=16, description=LANGUAGE)


class PersonChange(Schema):
    """Only what is sent changes."""

    name: str | None = Field(None, min_length=1, max_length=200)
    email: str | None = Field(None, max_length=254)
    role: str | None = Field(None, max_length=16)
    time_zone: str | None = Field(None, max_length=64)
    language: str | None = Field(None, max_length=16, description=LANGUAGE)
    is_active: bool | None = None


class PasswordIn(Schema):
    password: str = Field(min_length=1, max_length=500, description="At least 12 characters, not a common one.")


class PersonOut(Schema):
    id: int
    username: str
    name: str
    email: str
    role: str
    organisation_id: int
    time_zone: str
    language: str
    is_active: bool
    teams: list[int]


class PersonPage(Schema):
    items: list[PersonOut]
    next: str | None


class TeamIn(Schema):
    name: str = Field(min_length=1, max_length=120)
    description: str = Field("", max_length=5000)
    members: list[int] = Field([], max_length=500)


class TeamOut(Schema):
    id: int
    slug: str
    name: str
    description: str
    organisation_id: int
    members: list[int]


class TeamPage(Schema):
    items: list[TeamOut]
    next: str | None


class OrganisationIn(Schema):
    name: str = Field(min_length=1, max_length=200)
    kind: str = Field(max_length=16, examples=["supplier"])


class OrganisationChange(Schema):
    name: str = Field(min_length=1, max_length=200)


class OrganisationOut(Schema):
    id: int
    slug: str
    name: str
    kind: str


class OrganisationPage(Schema):
    items: list[OrganisationOut]
    next: str | None


class KeyIn(Schema):
    name: str = Field(min_length=1, max_length=120)
    role: str = Field(max_length=16, examples=["viewer"])
    scopes: list[str] = Field([], max_length=60, description="Only these permissions of the role; none: all.")
    expires_at: datetime | None = None


class KeyOut(Schema):
    id: int
    name: str
    prefix: str
    role: str
    scopes: list[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyMade(KeyOut):
    key: str = Field(description="The key itself; it cannot be shown again.")


class KeyPage(Schema):
    items: list[KeyOut]
    next: str | None


class MeOut(Schema):
    """Whom Steward takes the sender of this request for, and what they may do."""

    kind: str
    label: str
    role: str
    organisation_id: int | None
    organisation_kind: str
    permissions: list[str]


class SettingOut(Schema):
    """``value`` of a secret is never told, only whether it is set. ``source`` is data_folder for what Steward made."""

    variable: str
    text: str
    value: str
    is_set: bool
    is_secret: bool
    source: Source = "default"


class DatabaseOut(Schema):
    """``size`` is in bytes."""

    version: str
    size: int
    connections: int
    most_connections: int


class AuditorOut(Schema):
    """What the auditor of the engines found: kinds of work and how many rows are overdue, stuck or lost. ``silent``: no
    auditor has looked for a minute; ``unknown``: none ever has."""

    state: Literal["content", "discontent", "silent", "unknown"]
    checked_at: datetime | None
    since: datetime | None
    found: dict[str, int]


class DeadmanOut(Schema):
    """The signal to the outside that says that all is well; ``off`` without an address."""

    state: Literal["off", "sent", "failed", "waiting"]
    answered_at: datetime | None
    answer: str


class SettingsOut(Schema):
    version: str
    python: str
    database: DatabaseOut
    embedded: bool
    late: dict[str, int] = Field(description="Kinds of work that wait longer than they should, and how many of each.")
    auditor: AuditorOut
    deadman: DeadmanOut
    settings: list[SettingOut]


def _actor(request: HttpRequest, permission: str) -> Actor:
    actor = cast("Actor", request.actor)  # type: ignore[attr-defined]
    actor.require(permission)
    return actor


def _same(record: Any) -> Any:
    return record


def _person(user: User) -> dict[str, Any]:
    names = ("id", "username", "name", "email", "role", "organisation_id", "time_zone", "language", "is_active")
    return {
        **{name: getattr(user, name) for name in names},
        "teams": sorted(each.team_id for each in user.memberships.all()),
    }


def _team(team: Team) -> dict[str, Any]:
    names = ("id", "slug", "name", "description", "organisation_id")
    members = sorted(member.user_id for member in team.memberships.all())
    return {**{name: getattr(team, name) for name in names}, "members": members}


def _key(key: ApiKey) -> dict[str, Any]:
    return {name: getattr(key, name) for name in KeyOut.model_fields}


@people.get("", response=PersonPage, summary="List people")
def list_people(request: HttpRequest, query: Query[PeopleQuery]) -> dict[str, Any]:
    found: Any = queries.users(_actor(request, "people.view"))
    text = query.q.replace("\0", "")
    if text:
        found = found.filter(Q(name__icontains=text) | Q(username__icontains=text) | Q(email__icontains=text))
    wanted = {
        "role": query.role.replace("\0", "") or None, "organisation_id": query.organisation, "is_active": query.active,
    }  # fmt: skip
    found = found.filter(**{name: value for name, value in wanted.items() if value is not None})
    if query.team is not None:
        found = found.filter(pk__in=Membership.objects.filter(team_id=query.team).values("user_id"))
    return page_of(found.prefetch_related(Prefetch("memberships")), query, ("name", "id"), _person)


@people.post("", response={201: PersonOut}, summary="Add a person")
def create_person(request: HttpRequest, payload: PersonIn) -> Status[dict[str, Any]]:
    actor = _actor(request, "people.manage")
    return Status(201, _person(actions.create_user(actor=actor, now=clock.now(), **payload.dict())))


@people.get("/{int:user_id}", response=PersonOut, summary="One person")
def get_person(request: HttpRequest, user_id: int) -> dict[str, Any]:
    return _person(queries.visible_person(_actor(request, "people.view"), user_id))


@people.patch("/{int:user_id}", response=PersonOut, summary="Change a person")
def update_person(request: HttpRequest, user_id: int, payload: PersonChange) -> dict[str, Any]:
    changes = {name: value for name, value in payload.dict(exclude_unset=True).items() if value is not None}
    actor = _actor(request, "people.manage")
    return _person(actions.update_user(actor=actor, now=clock.now(), user_id=user_id, **changes))


@people.put("/{int:user_id}/password", response={204: None}, summary="Set a person's password; ends their sessions")
def set_password(request: HttpRequest, user_id: int, payload: PasswordIn) -> Status[None]:
    actor = _actor(request, "people.manage")
    actions.set_password(actor=actor, now=clock.now(), user_id=user_id, password=payload.password)
    return Status(204, None)


@teams.get("", response=TeamPage, summary="List teams")
def list_teams(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    found = queries.teams(_actor(request, "people.view")).prefetch_related("memberships")
    return page_of(found, query, ("name", "id"), _team)


@teams.post("", response={201: TeamOut}, summary="Add a team")
def create_team(request: HttpRequest, payload: TeamIn) -> Status[dict[str, Any]]:
    made = actions.create_team(
        actor=_actor(request, "people.manage"), now=clock.now(), name=payload.name, description=payload.description,
        member_ids=payload.members,
    )  # fmt: skip
    return Status(201, _team(made))


@teams.get("/{int:team_id}", response=TeamOut, summary="One team")
def get_team(request: HttpRequest, team_id: int) -> dict[str, Any]:
    found = queries.teams(_actor(request, "people.view")).filter(pk=team_id).first()
    if found is None:
        raise NotFound(_("There is no such team."))
    return _team(found)


@teams.put("/{int:team_id}", response=TeamOut, summary="Change a team and its members")
def update_team(request: HttpRequest, team_id: int, payload: TeamIn) -> dict[str, Any]:
    made = actions.update_team(
        actor=_actor(request, "people.manage"), now=clock.now(), team_id=team_id, name=payload.name,
        description=payload.description, member_ids=payload.members,
    )  # fmt: skip
    return _team(made)


@organisations.get("", response=OrganisationPage, summary="List organisations")
def list_organisations(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    return page_of(queries.organisations(_actor(request, "people.view")), query, ("name", "id"), _same)


@organisations.post("", response={201: OrganisationOut}, summary="Add a customer or supplier")
def create_organisation(request: HttpRequest, payload: OrganisationIn) -> Status[Organisation]:
    actor = _actor(request, "people.manage")
    made = actions.create_organisation(actor=actor, now=clock.now(), name=payload.name, kind=payload.kind)
    return Status(201, made)


@organisations.get("/{int:organisation_id}", response=OrganisationOut, summary="One organisation")
def get_organisation(request: HttpRequest, organisation_id: int) -> Organisation:
    return queries.visible_organisation(_actor(request, "people.view"), organisation_id)


@organisations.patch("/{int:organisation_id}", response=OrganisationOut, summary="Rename an organisation")
def update_organisation(request: HttpRequest, organisation_id: int, payload: OrganisationChange) -> Organisation:
    actor = _actor(request, "people.manage")
    return actions.update_organisation(actor=actor, now=clock.now(), organisation_id=organisation_id, name=payload.name)


@keys.get("", response=KeyPage, summary="List API keys, newest first")
def list_keys(request: HttpRequest, query: Query[KeysetQuery]) -> dict[str, Any]:
    return page_of(queries.api_keys(_actor(request, "apikeys.manage")), query, ("-created_at", "-id"), _key)


@keys.post("", response={201: KeyMade}, summary="Make an API key; the answer is the only one that holds it")
def create_key(request: HttpRequest, payload: KeyIn) -> Status[dict[str, Any]]:
    actor = _actor(request, "apikeys.manage")
    made, raw = actions.create_api_key(actor=actor, now=clock.now(), **payload.dict())
    return Status(201, {**_key(made), "key": raw})


@keys.delete("/{int:key_id}", response={204: None}, summary="Revoke an API key")
def revoke_key(request: HttpRequest, key_id: int) -> Status[None]:
    actions.revoke_api_key(actor=_actor(request, "apikeys.manage"), now=clock.now(), key_id=key_id)
    return Status(204, None)


@own.get("/me", response=MeOut, summary="Who this key is, and what it may do")
def me(request: HttpRequest) -> dict[str, Any]:
    actor = cast("Actor", request.actor)  # type: ignore[attr-defined]
    names = ("kind", "label", "role", "organisation_id", "organisation_kind")
    return {**{name: getattr(actor, name) for name in names}, "permissions": sorted(actor.permissions)}


@own.get("/settings", response=SettingsOut, summary="How this Steward is, and what it was started with")
def settings(request: HttpRequest) -> dict[str, Any]:
    _actor(request, "settings.view")
    return {**standing(clock.now()), "settings": settings_of(load())}
