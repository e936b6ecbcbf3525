"""Every write to people, teams, organisations and keys."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from steward.foundation.actors import Actor
from steward.foundation.database.locks import lock_in_transaction
from steward.foundation.errors import Conflict, Forbidden, Invalid, NotFound
from steward.foundation.language import known, listed
from steward.foundation.slugs import free_slug
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries, signin
from steward.people.accounts.models import ApiKey, Membership, Organisation, OrganisationKind, Role, Team, User
from steward.people.accounts.permissions import ALL_PERMISSIONS, permissions_of
from steward.people.audit import actions as audit

USER_FIELDS = ("name", "email", "role", "time_zone", "language", "is_active")


def ensure_home_organisation(*, now: datetime) -> Organisation:
    """The home organisation, made at the first call."""
    lock_in_transaction("home organisation")
    found = queries.home_organisation()
    if found:
        return found
    return Organisation.objects.create(kind=OrganisationKind.HOME, name=pgettext("organisation", "Home"), slug="home")


@transaction.atomic
def ensure_first_administrator(*, actor: Actor, now: datetime, username: str, email: str, password: str) -> User | None:
    """Make the home organisation and its administrator if there is no user at all; ``None`` if there is one."""
    home = ensure_home_organisation(now=now)
    if User.objects.exists():
        return None
    return create_user(
        actor=actor, now=now, username=username, name=_("Administrator"), email=email, role=Role.ADMINISTRATOR,
        password=password, organisation_id=home.pk,
    )  # fmt: skip


@transaction.atomic
def create_user(
    *,
    actor: Actor,
    now: datetime,
    username: str,
    name: str,
    role: str,
    email: str = "",
    password: str | None = None,
    organisation_id: int | None = None,
    time_zone: str = "UTC",
    language: str = "",
) -> User:
    """Make a person. Without a password they cannot sign in until one is set."""
    actor.require("people.manage")
    organisation = _organisation_for(organisation_id, now)
    _check_role(role, organisation)
    queries.require_no_less(actor, role)
    if User.objects.filter(username__iexact=username).exists():
        raise Conflict(_("This user name is taken."), fields={"username": [_("This user name is taken.")]})
    user = User(
        username=username.strip(), name=name.strip(), email=email, organisation=organisation, role=role,
        time_zone=time_zone, language=language,
    )  # fmt: skip
    _set_password(user, password)
    _save(user)
    audit.record(
        actor=actor, now=now, action="user.create", subject=SubjectRef("user", user.pk), subject_label=str(user),
        after={"username": username, "role": role, "organisation": str(organisation), "email": email},
    )  # fmt: skip
    return user


@transaction.atomic
def update_user(*, actor: Actor, now: datetime, user_id: int, **changes: Any) -> User:
    """Change fields of a person; people may change their own name, zone and language."""
    own = actor.user_id == user_id and set(changes) <= {"name", "time_zone", "language"}
    if not own:
        actor.require("people.manage")
    user = _lock_user(user_id)
    if not own:
        # Before and after: who could not give this role cannot take it away either.
        queries.require_no_less(actor, user.role)
    was_administrator = _is_administrator(user)
    before = {name: getattr(user, name) for name in changes}
    for name, value in changes.items():
        if name not in USER_FIELDS:
            raise Invalid(_("“%(name)s” cannot be changed.") % {"name": name})
        setattr(user, name, value)
    _check_role(user.role, user.organisation)
    if not own:
        queries.require_no_less(actor, user.role)
    if was_administrator and not _is_administrator(user):
        _keep_another_administrator(user)
    _save(user, list(changes))
    audit.record(
        actor=actor, now=now, action="user.update", subject=SubjectRef("user", user.pk), subject_label=str(user),
        before=before, after=changes,
    )  # fmt: skip
    return user


@transaction.atomic
def set_password(*, actor: Actor, now: datetime, user_id: int, password: str) -> User:
    """Set a person's password; ends their sessions, because sessions carry its hash."""
    if actor.user_id != user_id:
        actor.require("people.manage")
    user = _lock_user(user_id)
    if actor.user_id != user_id:
        queries.require_no_less(actor, user.role)
    _set_password(user, password)
    user.save(update_fields=["password"])
    audit.record(
        actor=actor, now=now, action="user.set-password", subject=SubjectRef("user", user.pk), subject_label=str(user)
    )
    return user


def change_own_password(*, actor: Actor, now: datetime, current: str, password: str) -> User:
    """Change one's own password: the present one is asked for, because a session may be left open, and cannot be
    guessed any faster here than at the door."""
    me = queries.person(actor.user_id) if actor.kind == "user" and actor.user_id else None
    if me is None:
        raise Forbidden(_("Only a person who is signed in has a password of their own."))
    if not signin.is_password(user=me, password=current, now=now, address=actor.address):
        text = _("This is not your present password.")
        raise Invalid(text, fields={"current": [text]})
    return set_password(actor=actor, now=now, user_id=me.pk, password=password)


@transaction.atomic
def create_organisation(*, actor: Actor, now: datetime, name: str, kind: str, slug: str = "") -> Organisation:
    actor.require("people.manage")
    slug = slug or free_slug(Organisation.objects.all(), name, kind)
    if Organisation.objects.filter(slug=slug).exists():
        raise Conflict(_("This short name is taken."), fields={"slug": [_("This short name is taken.")]})
    organisation = Organisation(name=name.strip(), kind=kind, slug=slug)
    _save(organisation)
    audit.record(
        actor=actor, now=now, action="organisation.create", subject=SubjectRef("organisation", organisation.pk),
        subject_label=name, after={"kind": kind, "slug": slug},
    )  # fmt: skip
    return organisation


@transaction.atomic
def update_organisation(*, actor: Actor, now: datetime, organisation_id: int, name: str) -> Organisation:
    """Rename an organisation; its kind stays, because its people's roles depend on it."""
    actor.require("people.manage")
    organisation = Organisation.objects.select_for_update().filter(pk=organisation_id).first()
    if organisation is None:
        raise NotFound(_("There is no such organisation."))
    before = {"name": organisation.name}
    organisation.name = name.strip()
    _save(organisation, ["name"])
    audit.record(
        actor=actor, now=now, action="organisation.update", subject=SubjectRef("organisation", organisation.pk),
        subject_label=organisation.name, before=before, after={"name": organisation.name},
    )  # fmt: skip
    return organisation


@transaction.atomic
def create_team(
    *, actor: Actor, now: datetime, name: str, slug: str = "", description: str = "",
    organisation_id: int | None = None, member_ids: Sequence[int] = (),
) -> Team:  # fmt: skip
    actor.require("people.manage")
    if Team.objects.filter(name=name).exists():
        raise Conflict(_("A team of this name exists."), fields={"name": [_("A team of this name exists.")]})
    team = Team(
        name=name.strip(), slug=slug or free_slug(Team.objects.all(), name, "team"), description=description,
        organisation=_organisation_for(organisation_id, now),
    )  # fmt: skip
    _check_members(member_ids, team.organisation)
    _save(team)
    Membership.objects.bulk_create(Membership(team=team, user_id=key) for key in dict.fromkeys(member_ids))
    audit.record(
        actor=actor, now=now, action="team.create", subject=SubjectRef("team", team.pk), subject_label=team.name,
        after={"name": team.name, "members": list(member_ids)},
    )  # fmt: skip
    return team


@transaction.atomic
def update_team(
    *, actor: Actor, now: datetime, team_id: int, name: str, description: str, member_ids: Sequence[int]
) -> Team:
    """Change a team's name, description and members."""
    actor.require("people.manage")
    team = Team.objects.select_for_update(of=("self",)).select_related("organisation").filter(pk=team_id).first()
    if team is None:
        raise NotFound(_("There is no such team."))
    if Team.objects.filter(name=name).exclude(pk=team_id).exists():
        raise Conflict(_("A team of this name exists."), fields={"name": [_("A team of this name exists.")]})
    present = set(team.memberships.values_list("user_id", flat=True))
    before = {"name": team.name, "description": team.description, "members": sorted(present)}
    team.name, team.description = name, description
    _save(team, ["name", "description"])
    wanted = set(member_ids)
    _check_members(member_ids, team.organisation)
    team.memberships.exclude(user_id__in=wanted).delete()
    Membership.objects.bulk_create(Membership(team=team, user_id=key) for key in wanted - present)
    audit.record(
        actor=actor, now=now, action="team.update", subject=SubjectRef("team", team.pk), subject_label=team.name,
        before=before, after={"name": name, "description": description, "members": sorted(wanted)},
    )  # fmt: skip
    return team


@transaction.atomic
def create_api_key(
    *, actor: Actor, now: datetime, name: str, role: str, scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:  # fmt: skip
    """Make a key of the home organisation; returns it and its text, which is not kept and cannot be shown again."""
    actor.require("apikeys.manage")
    home = ensure_home_organisation(now=now)
    _check_role(role, home)
    unknown = sorted(set(scopes) - ALL_PERMISSIONS)
    if unknown:
        raise Invalid(_("Unknown scopes: %(names)s") % {"names": listed(unknown)}, fields={"scopes": unknown})
    granted = permissions_of(role)
    queries.require_no_less(actor, role, granted & frozenset(scopes) if scopes else granted)
    if expires_at is not None and expires_at <= now:
        raise Invalid(_("The expiry lies in the past."), fields={"expires_at": [_("Choose a later time.")]})
    raw = "stw_" + secrets.token_urlsafe(32)
    key = ApiKey(
        name=name.strip(), prefix=raw[:10], digest=queries.digest(raw), role=role, scopes=list(scopes),
        organisation=home, created_at=now, created_by=actor.label, expires_at=expires_at,
    )  # fmt: skip
    _save(key)
    audit.record(
        actor=actor, now=now, action="apikey.create", subject=SubjectRef("apikey", key.pk), subject_label=key.name,
        after={"role": role, "scopes": list(scopes), "expires_at": expires_at.isoformat() if expires_at else None},
    )  # fmt: skip
    return key, raw


@transaction.atomic
def revoke_api_key(*, actor: Actor, now: datetime, key_id: int) -> ApiKey:
    """Revoke a key from now on; revoking twice changes nothing."""
    actor.require("apikeys.manage")
    key = ApiKey.objects.select_for_update().filter(pk=key_id).first()
    if key is None:
        raise NotFound(_("There is no such key."))
    if key.revoked_at is None:
        key.revoked_at = now
        key.save(update_fields=["revoked_at"])
        audit.record(
            actor=actor, now=now, action="apikey.revoke", subject=SubjectRef("apikey", key.pk), subject_label=key.name
        )
    return key


def _organisation_for(organisation_id: int | None, now: datetime) -> Organisation:
    if organisation_id is None:
        return ensure_home_organisation(now=now)
    found = Organisation.objects.filter(pk=organisation_id).first()
    if found is None:
        raise NotFound(_("There is no such organisation."))
    return found


def _check_role(role: str, organisation: Organisation) -> None:
    """A customer's or supplier's people have their organisation's role, and nobody at home has."""
    if role not in Role.values:
        names = listed(Role.values)
        raise Invalid(_("Unknown role. Roles are: %(names)s") % {"names": names}, fields={"role": [_("Unknown role.")]})
    external = organisation.kind != OrganisationKind.HOME
    if (external and role != organisation.kind) or (not external and role in {Role.CUSTOMER, Role.SUPPLIER}):
        text = _("The role “%(role)s” does not fit the organisation.") % {"role": role}
        raise Invalid(text, fields={"role": [text]})


def _is_administrator(user: User) -> bool:
    return user.is_active and user.role == Role.ADMINISTRATOR


def _keep_another_administrator(user: User) -> None:
    """Never lock everyone out."""
    # One at a time: two administrators who step down at once must not both count on the other.
    lock_in_transaction("last administrator")
    if not User.objects.active().filter(role=Role.ADMINISTRATOR).exclude(pk=user.pk).exists():
        raise Conflict(_("This is the last administrator. Make another one first."))


def _lock_user(user_id: int) -> User:
    user = User.objects.get_queryset().select_for_update(of=("self",)).select_related("organisation").filter(
        pk=user_id
    ).first()  # fmt: skip
    if user is None:
        raise NotFound(_("There is no such person."))
    return user


def _set_password(user: User, password: str | None) -> None:
    if password is None:
        user.set_unusable_password()
        return
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), fields={"password": error.messages}) from error
    user.set_password(password)


def _save(record: User | Organisation | Team | ApiKey, fields: list[str] | None = None) -> None:
    if isinstance(record, User):
        _check_zone(record.time_zone)
        _check_language(record.language)
    try:
        record.full_clean(exclude=["password", "digest", "prefix"])
        with transaction.atomic():
            record.save(update_fields=fields)
    except ValidationError as error:
        raise Invalid(_("Some values cannot be used."), fields=error.message_dict) from error
    except IntegrityError as error:
        # Somebody else took the name between the check and the write.
        raise Conflict(_("This name was taken just now. Choose another one.")) from error


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        text = _("“%(name)s” is not a time zone such as Europe/Berlin.") % {"name": name[:64]}
        raise Invalid(text, fields={"time_zone": [text]}) from error


def _check_language(code: str) -> None:
    if code and not known(code):
        names = listed(name for name, _label in settings.LANGUAGES)
        text = _("There is no language “%(name)s”. Languages are: %(names)s") % {"name": code[:16], "names": names}
        raise Invalid(text, fields={"language": [text]})


def _check_members(member_ids: Sequence[int], organisation: Organisation) -> None:
    wanted = set(member_ids)
    if User.objects.filter(pk__in=wanted, organisation=organisation).count() != len(wanted):
        text = _("Members are people of the team's own organisation.")
        raise Invalid(text, fields={"member_ids": [text]})
