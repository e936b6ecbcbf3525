"""Reads of people, teams, organisations and keys; building actors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.errors import Forbidden, NotFound
from steward.foundation.language import listed
from steward.people.accounts.models import (
    ApiKey,
    ApiKeyQuerySet,
    Organisation,
    OrganisationKind,
    OrganisationQuerySet,
    Role,
    Team,
    TeamQuerySet,
    User,
    UserQuerySet,
)
from steward.people.accounts.permissions import permissions_of

# "Last used" is told to the minute: a busy key must not write a row a request.
LAST_USED_STEP = timedelta(minutes=1)


def digest(raw: str) -> str:
    """SHA-256 of a key, in hexadecimal."""
    return hashlib.sha256(raw.encode()).hexdigest()


def actor_for_user(user: User, *, request_id: str = "", address: str = "") -> Actor:
    """The actor that a signed-in person is (one query: it is asked with every page)."""
    teams = ArrayAgg("memberships__team_id", filter=Q(memberships__isnull=False), default=[])
    found = User.objects.filter(pk=user.pk).annotate(team_ids=teams)
    kind, team_ids = found.values_list("organisation__kind", "team_ids").get()
    return Actor(
        kind="user",
        id=user.pk,
        label=str(user),
        role=user.role,
        permissions=permissions_of(user.role),
        organisation_id=user.organisation_id,
        organisation_kind=kind,
        team_ids=frozenset(team_ids),
        request_id=request_id,
        address=address,
        time_zone=user.time_zone,
    )


def actor_for_key(raw_key: str, *, now: datetime, request_id: str = "", address: str = "") -> Actor | None:
    """The actor that a usable API key is; ``None`` for any other string."""
    key = ApiKey.objects.usable(now).select_related("organisation").filter(digest=digest(raw_key)).first()
    if key is None:
        return None
    if key.last_used_at is None or now - key.last_used_at > LAST_USED_STEP:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    granted = permissions_of(key.role)
    return Actor(
        kind="apikey",
        id=key.pk,
        label=key.name,
        role=key.role,
        permissions=granted & frozenset(key.scopes) if key.scopes else granted,
        organisation_id=key.organisation_id,
        organisation_kind=key.organisation.kind,
        request_id=request_id,
        address=address,
    )


def person(user_id: int) -> User | None:
    return User.objects.select_related("organisation").filter(pk=user_id).first()


def active_users(ids: Iterable[int]) -> list[User]:
    return list(User.objects.active().filter(pk__in=list(ids)).order_by("pk"))


def team_members(team_id: int) -> list[User]:
    """The team's active people, by name."""
    return list(User.objects.active().filter(memberships__team_id=team_id).order_by("name", "pk"))


def administrators() -> list[User]:
    return list(User.objects.active().filter(role=Role.ADMINISTRATOR).order_by("pk"))


def users(actor: Actor) -> UserQuerySet:
    return User.objects.visible_to(actor)


def with_teams(found: UserQuerySet) -> UserQuerySet:
    """The same people, each with the keys of its teams (``team_keys``)."""
    keys = ArrayAgg("memberships__team_id", filter=Q(memberships__isnull=False), default=[])
    return found.annotate(team_keys=keys)


def teams(actor: Actor) -> TeamQuerySet:
    return Team.objects.visible_to(actor)


def organisations(actor: Actor) -> OrganisationQuerySet:
    return Organisation.objects.visible_to(actor)


def home_organisation() -> Organisation | None:
    return Organisation.objects.filter(kind=OrganisationKind.HOME).order_by("pk").first()


def api_keys(actor: Actor) -> ApiKeyQuerySet:
    return ApiKey.objects.visible_to(actor)


def is_home_team(team_id: int) -> bool:
    return Team.objects.filter(pk=team_id, organisation__kind=OrganisationKind.HOME).exists()


def is_supplier(organisation_id: int) -> bool:
    return Organisation.objects.filter(pk=organisation_id, kind=OrganisationKind.SUPPLIER).exists()


def visible_person(actor: Actor, user_id: int) -> User:
    """One person with their organisation; NotFound if the actor may not see them."""
    found = users(actor).select_related("organisation").filter(pk=user_id).first()
    if found is None:
        raise NotFound(_("There is no such person, or they are not yours to see."))
    return found


def visible_organisation(actor: Actor, organisation_id: int) -> Organisation:
    """One organisation; NotFound if the actor may not see it."""
    found = organisations(actor).filter(pk=organisation_id).first()
    if found is None:
        raise NotFound(_("There is no such organisation, or it is not yours to see."))
    return found


def require_no_less(actor: Actor, role: str, permissions: frozenset[str] | None = None) -> None:
    """Refuse who has less than this role (or these permissions of it): nobody gives, takes over or takes away what they
    do not have. A key limited to ``apikeys.manage`` makes no administrator, one limited to ``people.manage`` is not paged
    in an administrator's place."""
    wanted = permissions_of(role) if permissions is None else permissions
    missing = sorted(each for each in wanted if not actor.can(each))
    if missing:
        names = listed(missing)
        raise Forbidden(_("You cannot give what you do not have yourself: %(names)s") % {"names": names})
