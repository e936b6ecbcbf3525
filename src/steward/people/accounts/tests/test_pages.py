"""The pages of people, teams, organisations, keys, the profile and the settings."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from steward.config.environment import parse
from steward.foundation.testing.pages import (
    check_anonymous,
    check_hidden_outside,
    check_permission,
    check_queries,
    signed_in,
)
from steward.people.accounts.facts import settings_of
from steward.people.accounts.models import ApiKey, Organisation, Team, User
from steward.people.accounts.queries import actor_for_key
from steward.people.accounts.tests.factories import NOW, PASSWORD, OrganisationFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGES = {
    "people": "people.view", "teams": "people.view", "organisations": "people.view", "api-keys": "apikeys.manage",
    "settings": "settings.view", "person-new": "people.manage", "team-new": "people.manage",
    "organisation-new": "people.manage", "api-key-new": "apikeys.manage",
}  # fmt: skip


def of(name: str, key: int) -> str:
    return reverse(f"accounts:{name}", args=[key])


@pytest.mark.parametrize(("name", "permission"), PAGES.items())
def test_doors(name, permission):
    check_anonymous(reverse(f"accounts:{name}"))
    check_permission(reverse(f"accounts:{name}"), permission)


def test_doors_of_one_record():
    user, team, organisation = UserFactory(), TeamFactory(), OrganisationFactory(kind="supplier")
    check_permission(of("person", user.pk), "people.view")
    for name, key in (
        ("person-edit", user.pk), ("person-password", user.pk), ("team-edit", team.pk),
        ("organisation-edit", organisation.pk),
    ):  # fmt: skip
        check_anonymous(of(name, key))
        check_permission(of(name, key), "people.manage")
    check_permission(of("person-active", user.pk), "people.manage", method="post")
    check_permission(of("api-key-revoke", 1), "apikeys.manage", method="post")


def test_outsiders_see_nobody():
    UserFactory(name="Ana Silva")
    TeamFactory(name="Network")
    check_hidden_outside("/people/", ["Ana Silva"])
    check_hidden_outside("/teams/", ["Network"])
    OrganisationFactory(kind="supplier", slug="cable-works", name="Cable Works")
    check_hidden_outside("/organisations/", ["Cable Works"])


@pytest.mark.parametrize("name", ["people", "teams", "organisations", "api-keys"])
def test_lists_ask_a_bounded_number_of_times(name):
    for _ in range(12):
        TeamFactory(members=UserFactory.create_batch(2))
    check_queries(signed_in(), reverse(f"accounts:{name}"))


def test_one_person_asks_a_bounded_number_of_times():
    user = UserFactory()
    TeamFactory(members=[user], name="Network")
    text = check_queries(signed_in(), of("person", user.pk)).content.decode()
    assert "Network" in text and user.email in text


def test_people_are_active_unless_asked_otherwise():
    UserFactory(name="Ana Silva")
    UserFactory(name="Gone Away", is_active=False)
    client = signed_in("viewer")
    assert b"Gone Away" not in client.get("/people/").content
    only = client.get("/people/?state=inactive").content
    assert b"Gone Away" in only and b"Ana Silva" not in only
    assert b"Ana Silva" in client.get("/people/?q=silva").content


def test_add_edit_and_deactivate_a_person():
    home = OrganisationFactory()
    client = signed_in()
    values = {"name": "Ana", "email": "ana@example.org", "role": "responder", "time_zone": "UTC", "language": "en"}
    new = {**values, "username": "ana", "organisation_id": home.pk, "password": PASSWORD}
    made = client.post("/people/new", new)
    ana = User.objects.get(username="ana")
    assert made["Location"] == of("person", ana.pk) and ana.check_password(PASSWORD)
    client.post(of("person-edit", ana.pk), {**values, "role": "lead", "time_zone": "Europe/Berlin"})
    client.post(of("person-active", ana.pk), {"active": "0"})
    ana.refresh_from_db()
    assert (ana.role, ana.time_zone, ana.is_active) == ("lead", "Europe/Berlin", False)
    client.post(of("person-active", ana.pk), {"active": "1"})
    ana.refresh_from_db()
    assert ana.is_active


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "TAKEN"}, "username"), ({"password": "short"}, "password"), ({"role": "supplier"}, "role"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"), ({"time_zone": "../etc/passwd"}, "time_zone"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_beside_the_field(change, field):
    home = OrganisationFactory()
    UserFactory(username="taken")
    values = {
        "username": "ana", "name": "Ana", "role": "viewer", "organisation_id": home.pk, "time_zone": "UTC",
        "language": "en", **change,
    }  # fmt: skip
    response = signed_in().post("/people/new", values)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not User.objects.filter(username="ana").exists()


def test_the_last_administrator_stays_and_the_page_says_why():
    client = signed_in()
    me = User.objects.get()
    response = client.post(of("person-active", me.pk), {"active": "0"})
    assert response.status_code == 409 and b"last administrator" in response.content
    me.refresh_from_db()
    assert me.is_active


def test_setting_a_password_ends_the_persons_sessions():
    user, theirs = UserFactory(), Client()
    theirs.force_login(user)
    assert theirs.get("/profile/").status_code == 200
    assert signed_in().post(of("person-password", user.pk), {"password": PASSWORD}).status_code == 302
    assert theirs.get("/profile/").status_code == 302


def test_teams_get_members_of_their_organisation_only():
    client, ana, outsider = signed_in(), UserFactory(), UserFactory(role="supplier")
    client.post("/teams/new", {"name": "Network", "description": "", "member_ids": [ana.pk]})
    team = Team.objects.get()
    assert list(team.members.all()) == [ana]
    refused = client.post(of("team-edit", team.pk), {"name": "Network", "member_ids": [outsider.pk]})
    assert refused.status_code == 422 and list(refused.context["form"].errors) == ["member_ids"]
    client.post(of("team-edit", team.pk), {"name": "Networks", "description": "Cables"})
    team.refresh_from_db()
    assert (team.name, team.members.count()) == ("Networks", 0)


def test_organisations_are_added_and_renamed():
    client = signed_in()
    client.post("/organisations/new", {"name": "Cable Works", "kind": "supplier"})
    made = Organisation.objects.get(slug="cable-works")
    client.post(of("organisation-edit", made.pk), {"name": "Cable Works Ltd"})
    made.refresh_from_db()
    assert (made.name, made.kind, made.slug) == ("Cable Works Ltd", "supplier", "cable-works")
    home = client.post("/organisations/new", {"name": "Second home", "kind": "home"})
    assert home.status_code == 422


def test_a_key_is_shown_once_and_works_until_revoked():
    client = signed_in()
    response = client.post("/api-keys/new", {"name": "Dashboard", "role": "viewer", "scopes": ["alerts.view"]})
    raw = re.search(r"stw_[\w-]{43}", response.content.decode()).group()
    key = ApiKey.objects.get()
    assert actor_for_key(raw, now=NOW).permissions == {"alerts.view"}
    listed = client.get("/api-keys/").content.decode()
    assert raw not in listed and key.prefix in listed
    client.post(of("api-key-revoke", key.pk))
    assert actor_for_key(raw, now=NOW) is None


def test_a_key_cannot_expire_in_the_past():
    response = signed_in().post("/api-keys/new", {"name": "Old", "role": "viewer", "expires_at": "2001-01-01"})
    assert response.status_code == 422 and list(response.context["form"].errors) == ["expires_at"]
    assert not ApiKey.objects.exists()


def test_the_profile_changes_only_what_is_ones_own():
    user, client = UserFactory(role="viewer", password=PASSWORD), Client()
    client.force_login(user)
    client.post("/profile/", {
        "about": "1", "name": "New Name", "time_zone": "Europe/Berlin", "language": "en", "role": "administrator",
        "email": "x@example.org",
    })  # fmt: skip
    before = user.email
    user.refresh_from_db()
    assert (user.name, user.role, user.email) == ("New Name", "viewer", before)


def test_ones_own_password_needs_the_present_one_and_keeps_this_session():
    user, client = UserFactory(password=PASSWORD), Client()
    client.force_login(user)
    other = Client()
    other.force_login(user)
    new = "violet bridges under snow"
    wrong = client.post("/profile/", {"secret": "1", "current": "guess", "password": new})
    assert wrong.status_code == 422 and list(wrong.context["password_form"].errors) == ["current"]
    assert client.post("/profile/", {"secret": "1", "current": PASSWORD, "password": new}).status_code == 302
    assert client.get("/profile/").status_code == 200
    assert other.get("/profile/").status_code == 302


def test_settings_name_the_variables_and_hide_secrets():
    environment = parse({
        "STEWARD_SECRET_KEY": "very-secret-1", "STEWARD_SMTP_PASSWORD": "very-secret-2", "STEWARD_PORT": "9000",
        "STEWARD_ADMIN_PASSWORD": "very-secret-3", "DATABASE_URL": "postgresql://steward:very-secret-4@db:5432/steward",
    })  # fmt: skip
    shown = {each.variable: each for each in settings_of(environment)}
    assert "very-secret" not in repr(shown)
    assert shown["DATABASE_URL"].value == "postgresql://steward:…@db:5432/steward"
    assert (shown["STEWARD_PORT"].value, shown["STEWARD_PORT"].is_set) == ("9000", True)
    assert shown["STEWARD_SECRET_KEY"].is_set and not shown["STEWARD_MAIL_FROM"].is_set
    text = signed_in("auditor").get("/settings/").content.decode()
    assert "STEWARD_SMTP_HOST" in text and "only-for-tests" not in text


def test_settings_say_what_steward_made_itself(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "postmaster.pid").write_text("7\n/data\n0\n5432\n/run/steward\n\n")
    (tmp_path / "secret.key").write_text("made-once\n")
    given = {"STEWARD_DATA": str(tmp_path), "STEWARD_SECRET_KEY": "made-once", "STEWARD_PORT": "9000"}

    def sources(**changes):
        return {each.variable: each.source for each in settings_of(parse({**given, **changes}))}

    own = sources(DATABASE_URL="postgresql://steward@/steward?host=%2Frun%2Fsteward")
    assert (own["STEWARD_SECRET_KEY"], own["DATABASE_URL"]) == ("data_folder", "data_folder")
    assert (own["STEWARD_PORT"], own["STEWARD_HOST"]) == ("environment", "default")
    other = sources(DATABASE_URL="postgresql://steward@db/steward", STEWARD_SECRET_KEY="from-the-vault")
    assert (other["STEWARD_SECRET_KEY"], other["DATABASE_URL"]) == ("environment", "environment")


def test_settings_tell_how_steward_is(monkeypatch):
    text = signed_in("auditor").get("/settings/").content.decode()
    assert "PostgreSQL 1" in text and "nothing that is due waits" in text
    monkeypatch.setattr("steward.people.accounts.facts.overdue_by_kind", lambda now, grace: {"a.b": 0, "c.d": 2})
    text = signed_in("auditor").get("/settings/").content.decode()
    assert "c.d: 2 rows wait too long" in text and "a.b" not in text
