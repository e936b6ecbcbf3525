"""The API of people, teams, organisations, keys and the audit trail."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from steward.foundation.testing.pages import signed_in
from steward.people.accounts import actions
from steward.people.accounts.models import Role, User
from steward.people.accounts.tests.factories import ENGINE, NOW, PASSWORD, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
NOUNS = {
    "people": "people.view", "teams": "people.view", "organisations": "people.view", "api-keys": "apikeys.manage",
    "audit": "audit.view",
}  # fmt: skip


def call(method: str, path: str, body: Any = None, *, role: str = "administrator", scopes: tuple[str, ...] = ()):
    _key, raw = actions.create_api_key(actor=ENGINE, now=NOW, name="test", role=role, scopes=scopes)
    headers = {"Authorization": f"Bearer {raw}"}
    send = getattr(Client(headers=headers), method)
    return (
        send(f"/api/v1/{path}", body, content_type="application/json") if body is not None else send(f"/api/v1/{path}")
    )


@pytest.mark.parametrize(("noun", "permission"), NOUNS.items())
def test_doors(noun, permission):
    assert Client().get(f"/api/v1/{noun}").status_code == 401
    assert signed_in().get(f"/api/v1/{noun}").status_code == 401, "a session cookie must not do"
    assert call("get", noun).status_code == 200
    lacking = call("get", noun, scopes=("alerts.view",))
    assert lacking.status_code == 403 and permission in lacking.json()["detail"]


@pytest.mark.parametrize(
    "role", [role for role in Role.values if role not in {"administrator", "customer", "supplier"}]
)
def test_only_administrators_write(role):
    for path, body in (
        ("people", {"username": "x", "name": "x", "role": "viewer"}),
        ("teams", {"name": "x"}),
        ("organisations", {"name": "x", "kind": "supplier"}),
        ("api-keys", {"name": "x", "role": "administrator"}),
    ):
        assert call("post", path, body, role=role).status_code == 403


def test_a_person_is_added_changed_and_never_shown_with_a_password():
    made = call("post", "people", {"username": "ana", "name": "Ana", "role": "viewer", "password": PASSWORD})
    assert made.status_code == 201
    key = made.json()["id"]
    changed = call("patch", f"people/{key}", {"role": "lead"}).json()
    assert (changed["role"], changed["name"]) == ("lead", "Ana")
    assert User.objects.get(pk=key).check_password(PASSWORD)
    assert "password" not in call("get", f"people/{key}").json()
    assert call("get", "people/999999").status_code == 404
    assert call("post", "people", {"username": "ANA", "name": "x", "role": "viewer"}).status_code == 409


def test_people_are_searched_and_paged():
    for name in ("Ana", "Ben", "Cem"):
        UserFactory(name=name)
    first = call("get", "people?limit=2").json()
    second = call("get", f"people?limit=2&cursor={first['next']}").json()
    assert [each["name"] for each in first["items"] + second["items"]] == ["Ana", "Ben", "Cem"]
    assert second["next"] is None
    assert [each["name"] for each in call("get", "people?q=be&active=true").json()["items"]] == ["Ben"]


def test_a_team_is_made_with_members_and_changed():
    ana, ben = UserFactory.create_batch(2)
    made = call("post", "teams", {"name": "Network", "members": [ana.pk]}).json()
    changed = call("put", f"teams/{made['id']}", {"name": "Network", "members": [ben.pk]})
    assert changed.json()["members"] == [ben.pk]
    assert call("put", f"teams/{made['id']}", {"name": "Network", "members": [10**9]}).status_code == 422
    TeamFactory()
    assert len(call("get", "teams").json()["items"]) == 2


def test_organisations_are_added_and_renamed():
    made = call("post", "organisations", {"name": "Cable Works", "kind": "supplier"}).json()
    assert call("patch", f"organisations/{made['id']}", {"name": "Cables"}).json()["name"] == "Cables"
    assert call("post", "organisations", {"name": "x", "kind": "friend"}).status_code == 422


def test_a_key_makes_a_key_that_works_and_is_listed_without_itself():
    made = call("post", "api-keys", {"name": "Dashboard", "role": "viewer"}).json()
    theirs = Client(headers={"Authorization": f"Bearer {made['key']}"})
    assert theirs.get("/api/v1/people").status_code == 200
    assert made["key"] not in call("get", "api-keys").content.decode()
    assert call("delete", f"api-keys/{made['id']}").status_code == 204
    assert theirs.get("/api/v1/people").status_code == 401


def test_the_trail_is_read_narrowed():
    UserFactory()
    call("post", "organisations", {"name": "Cable Works", "kind": "supplier"})
    found = call("get", "audit?action=organisation").json()["items"]
    assert [(each["action"], each["actor_kind"], each["subject_label"]) for each in found] == [
        ("organisation.create", "apikey", "Cable Works")
    ]
    assert call("get", "audit?subject=organisation:999").json()["items"] == []
    assert call("post", "audit", {}).status_code == 405


def test_a_password_is_set_and_ends_the_persons_sessions():
    user, browser = UserFactory(), Client()
    browser.force_login(user)
    path = f"people/{user.pk}/password"
    weak = call("put", path, {"password": "short"})
    assert weak.status_code == 422 and list(weak.json()["fields"]) == ["password"]
    assert call("put", path, {"password": PASSWORD}).status_code == 204
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert browser.get("/profile/").status_code == 302
    limited = call("put", path, {"password": PASSWORD}, scopes=("people.manage",))
    assert limited.status_code == 403, "a key must not take over who may more than itself"


def test_people_are_narrowed_by_team_and_organisation():
    ana, ben = UserFactory(name="Ana"), UserFactory(name="Ben", role="supplier")
    team = TeamFactory(members=[ana])
    assert [each["teams"] for each in call("get", f"people?team={team.pk}").json()["items"]] == [[team.pk]]
    found = call("get", f"people?organisation={ben.organisation_id}").json()["items"]
    assert [each["name"] for each in found] == ["Ben"]


def test_a_key_learns_what_it_may_do():
    said = call("get", "me", role="viewer", scopes=("people.view",)).json()
    assert (said["kind"], said["role"], said["permissions"]) == ("apikey", "viewer", ["people.view"])


def test_settings_are_told_without_secrets(monkeypatch):
    monkeypatch.setattr("steward.people.accounts.facts.overdue_by_kind", lambda now, grace: {"a.b": 0, "c.d": 2})
    answer = call("get", "settings", role="auditor")
    said = answer.json()
    assert said["late"] == {"c.d": 2} and said["database"]["version"].startswith("1")
    secret = next(each for each in said["settings"] if each["variable"] == "STEWARD_SECRET_KEY")
    assert (secret["value"], secret["is_set"], secret["is_secret"]) == ("", True, True)
    assert "only-for-tests" not in answer.content.decode()
