"""Rules of people, organisations and keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from steward.foundation.actors import system
from steward.foundation.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from steward.foundation.testing.races import race
from steward.people.accounts import actions, queries
from steward.people.accounts.models import ApiKey, Role, User
from steward.people.accounts.permissions import PERMISSIONS
from steward.people.accounts.queries import actor_for_user
from steward.people.accounts.tests.factories import (
    ENGINE,
    NOW,
    PASSWORD,
    OrganisationFactory,
    TeamFactory,
    UserFactory,
    actor,
)
from steward.people.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def create(**changes) -> User:
    values = {"actor": ENGINE, "now": NOW, "username": "ana", "name": "Ana", "role": "responder"}
    return actions.create_user(**{**values, **changes})


def update(user: User, **changes) -> User:
    return actions.update_user(actor=ENGINE, now=NOW, user_id=user.pk, **changes)


def key(**changes) -> tuple[ApiKey, str]:
    values = {"actor": ENGINE, "now": NOW, "name": "Dashboard", "role": "viewer"}
    return actions.create_api_key(**{**values, **changes})


def test_the_first_administrator_is_made_once():
    values = {"actor": ENGINE, "now": NOW, "username": "admin", "email": "", "password": PASSWORD}
    first = actions.ensure_first_administrator(**values)
    assert first.role == "administrator" and first.organisation.kind == "home"
    assert actions.ensure_first_administrator(**{**values, "username": "second"}) is None


@pytest.mark.django_db(transaction=True)
def test_of_two_processes_that_start_together_one_makes_the_administrator():
    values = {"actor": ENGINE, "now": NOW, "email": "", "password": PASSWORD}
    results = race(*[
        lambda name=name: actions.ensure_first_administrator(username=name, **values) for name in ("one", "two")
    ])  # fmt: skip
    assert sorted(type(each).__name__ for each in results) == ["NoneType", "User"]


@pytest.mark.parametrize("change", [{"role": "lead"}, {"is_active": False}])
def test_the_last_administrator_is_kept(change):
    last = UserFactory(role=Role.ADMINISTRATOR)
    UserFactory(role=Role.ADMINISTRATOR, is_active=False)
    with pytest.raises(Conflict, match="last administrator"):
        update(last, **change)
    UserFactory(role=Role.ADMINISTRATOR)
    update(last, **change)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_step_down_at_once_leave_one():
    both = UserFactory.create_batch(2, role=Role.ADMINISTRATOR)
    results = race(*[lambda user=user: update(user, role="viewer") for user in both])
    assert sorted(type(each).__name__ for each in results) == ["Conflict", "User"]
    assert User.objects.filter(role=Role.ADMINISTRATOR).count() == 1


@pytest.mark.parametrize("kind", ["home", "customer", "supplier"])
@pytest.mark.parametrize("role", Role.values)
def test_role_and_organisation_fit(kind, role):
    organisation = OrganisationFactory(kind=kind)
    fits = role == kind if kind != "home" else role not in {"customer", "supplier"}
    if fits:
        assert create(role=role, organisation_id=organisation.pk).organisation == organisation
        return
    with pytest.raises(Invalid) as refused:
        create(role=role, organisation_id=organisation.pk)
    assert list(refused.value.fields) == ["role"]


def test_a_role_cannot_be_changed_to_one_that_does_not_fit():
    supplier = UserFactory(role="supplier")
    with pytest.raises(Invalid):
        update(supplier, role="administrator")


def test_names_are_unique_whatever_their_case():
    create(username="ana")
    with pytest.raises(Conflict):
        create(username="ANA")


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_get_a_name_at_once_one_gets_it():
    OrganisationFactory()
    results = race(lambda: create(username="ana"), lambda: create(username="Ana"))
    names = {type(each).__name__ for each in results}
    assert "User" in names and names <= {"User", "Conflict", "Invalid"}
    assert User.objects.filter(username__iexact="ana").count() == 1


def test_who_may_change_whom():
    ana, ben = UserFactory(role="viewer"), UserFactory(role="viewer")
    me = queries.actor_for_user(ana)
    actions.update_user(actor=me, now=NOW, user_id=ana.pk, name="Ana B.")
    for change in ({"user_id": ana.pk, "role": "administrator"}, {"user_id": ben.pk, "name": "Hacked"}):
        with pytest.raises(Forbidden):
            actions.update_user(actor=me, now=NOW, **change)
    with pytest.raises(Forbidden):
        actions.set_password(actor=me, now=NOW, user_id=ben.pk, password=PASSWORD)
    with pytest.raises(Invalid):
        update(ana, password="x")
    with pytest.raises(NotFound):
        actions.update_user(actor=ENGINE, now=NOW, user_id=0, name="x")


@pytest.mark.parametrize("role", [role for role in Role.values if role != "administrator"])
def test_only_administrators_manage(role):
    me = actor(role)
    for call in (
        lambda: actions.create_user(actor=me, now=NOW, username="x", name="x", role="viewer"),
        lambda: actions.create_team(actor=me, now=NOW, name="x"),
        lambda: actions.create_organisation(actor=me, now=NOW, name="x", kind="supplier"),
        lambda: actions.create_api_key(actor=me, now=NOW, name="x", role="viewer"),
    ):
        with pytest.raises(Forbidden):
            call()


def test_no_password_or_key_goes_on_record():
    user = create(password=PASSWORD)
    actions.set_password(actor=ENGINE, now=NOW, user_id=user.pk, password="violet bridges under snow")
    _made, raw = key()
    trail = str(list(AuditEntry.objects.values()))
    assert "user.set-password" in trail and "apikey.create" in trail
    for secret in (PASSWORD, "violet", raw, raw[10:], queries.digest(raw)):
        assert secret not in trail


def test_a_key_expires():
    _made, raw = key(expires_at=NOW + timedelta(hours=1))
    assert queries.actor_for_key(raw, now=NOW + timedelta(minutes=59)) is not None
    assert queries.actor_for_key(raw, now=NOW + timedelta(hours=1)) is None
    with pytest.raises(Invalid):
        key(expires_at=NOW)


def test_scopes_narrow_a_role_and_never_widen_it():
    _made, raw = key(scopes=["alerts.view", "people.manage"])
    assert queries.actor_for_key(raw, now=NOW).permissions == {"alerts.view"}
    _made, raw = key()
    assert queries.actor_for_key(raw, now=NOW).permissions == PERMISSIONS["viewer"]
    with pytest.raises(Invalid):
        key(scopes=["everything"])


def test_a_revoked_key_is_nobody_and_revoking_twice_is_recorded_once():
    made, raw = key()
    for _ in range(2):
        actions.revoke_api_key(actor=ENGINE, now=NOW, key_id=made.pk)
    assert queries.actor_for_key(raw, now=NOW) is None
    assert AuditEntry.objects.filter(action="apikey.revoke").count() == 1


def test_only_the_keys_digest_is_kept():
    made, raw = key()
    row = str(ApiKey.objects.filter(pk=made.pk).values().get())
    assert queries.digest(raw) in row and raw not in row
    assert queries.actor_for_key(queries.digest(raw), now=NOW) is None
    assert queries.actor_for_key(raw.lower(), now=NOW) is None


def test_last_used_is_written_once_a_minute():
    made, raw = key()
    for seconds, expected in ((0, 0), (30, 0), (61, 61)):
        queries.actor_for_key(raw, now=NOW + timedelta(seconds=seconds))
        made.refresh_from_db()
        assert made.last_used_at == NOW + timedelta(seconds=expected)


def test_external_people_see_their_own_organisation_only():
    ours, theirs = UserFactory(role="supplier"), UserFactory(role="customer")
    me = queries.actor_for_user(ours)
    assert list(queries.users(me)) == [ours]
    assert list(queries.organisations(me)) == [ours.organisation]
    assert list(queries.teams(me)) == [] and TeamFactory()
    assert theirs not in queries.users(me)
    assert set(queries.users(system("engine"))) == {ours, theirs}


def test_nobody_gives_what_they_do_not_have():
    administrator, ana = UserFactory(role=Role.ADMINISTRATOR), UserFactory(role="viewer")
    _made, raw = key(role="administrator", scopes=["apikeys.manage", "people.manage", *PERMISSIONS["viewer"]])
    me = queries.actor_for_key(raw, now=NOW)
    for call in (
        lambda: key(actor=me, role="administrator"),
        lambda: key(actor=me, role="administrator", scopes=["audit.view"]),
        lambda: create(actor=me, role="administrator"),
        lambda: actions.update_user(actor=me, now=NOW, user_id=ana.pk, role="lead"),
        lambda: actions.set_password(actor=me, now=NOW, user_id=administrator.pk, password=PASSWORD),
    ):
        with pytest.raises(Forbidden, match="do not have"):
            call()
    assert key(actor=me, role="administrator", scopes=["apikeys.manage"])
    assert create(actor=me, role="viewer")


def test_names_in_any_script_get_a_short_name():
    teams = [
        actions.create_team(actor=ENGINE, now=NOW, name=name) for name in ("网络组", "数据组", "Net ops", "Net-ops")
    ]
    assert [team.slug for team in teams] == ["team", "team-2", "net-ops", "net-ops-2"]
    made = [actions.create_organisation(actor=ENGINE, now=NOW, name=name, kind="supplier") for name in ("光缆", "光缆")]
    assert [each.slug for each in made] == ["supplier", "supplier-2"]


def test_ones_own_password_is_changed_only_with_the_present_one():
    user = UserFactory(password=PASSWORD)
    me, new = actor_for_user(user), "violet bridges under snow"
    with pytest.raises(Invalid) as refused:
        actions.change_own_password(actor=me, now=NOW, current="guess", password=new)
    assert list(refused.value.fields) == ["current"]
    with pytest.raises(Forbidden):
        actions.change_own_password(actor=replace(me, kind="link"), now=NOW, current=PASSWORD, password=new)
    actions.change_own_password(actor=me, now=NOW, current=PASSWORD, password=new)
    user.refresh_from_db()
    assert user.check_password(new)


def test_ones_own_password_cannot_be_guessed_any_faster_than_at_the_door():
    user = UserFactory(password=PASSWORD)
    given = {"actor": actor_for_user(user), "now": NOW, "password": "violet bridges under snow"}
    for _try in range(5):
        with pytest.raises(Invalid):
            actions.change_own_password(**given, current="guess")
    with pytest.raises(TooMany):
        actions.change_own_password(**given, current=PASSWORD)
    later = {**given, "now": NOW + timedelta(minutes=16)}
    actions.change_own_password(**later, current=PASSWORD)
