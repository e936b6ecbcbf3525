"""A key that is limited to a few permissions cannot use them to get at others."""

from __future__ import annotations

from typing import Any

import pytest

from steward.foundation.testing.api import send, with_key
from steward.people.accounts.models import User
from steward.response.incidents.tests.factories import user
from steward.response.triage.models import Route
from tests.api.world import MARK, World

pytestmark = pytest.mark.django_db


def test_deciding_about_an_alert_is_only_told_to_who_sees_the_alert() -> None:
    world = World()
    path = f"/api/v1/decisions?alert_id={world.ids['alert_id']}"
    assert with_key(scopes=["routes.view"]).get(path).json()["items"] == []
    assert len(with_key(scopes=["routes.view", "alerts.view"]).get(path).json()["items"]) == 1


def test_trying_labels_names_nobody_to_who_does_not_see_who_is_on_call() -> None:
    World()
    Route.objects.filter(policy=None, is_default=False).update(continues=True)
    body = {"labels": {"team": MARK}}
    narrow = send(with_key(scopes=["routes.view"]), "post", "/api/v1/routes/try", body).json()
    wide = send(with_key(scopes=["routes.view", "oncall.view"]), "post", "/api/v1/routes/try", body).json()
    assert narrow["outcomes"] and not any(outcome["pages"] for outcome in narrow["outcomes"])
    assert any(outcome["pages"] for outcome in wide["outcomes"])


ATTACKS: list[tuple[str, str, Any]] = [
    ("patch", "/people/{boss}", {"email": "evil@example.org"}),
    ("patch", "/people/{boss}", {"role": "viewer"}),
    ("patch", "/people/{boss}", {"is_active": False}),
    ("put", "/people/{boss}/password", {"password": "copper lantern over the harbour"}),
    ("post", "/contact-methods", {"user_id": "{boss}", "channel": "email", "target": "evil@example.org"}),
    ("post", "/people", {"username": "evil", "name": "Evil", "role": "administrator"}),
]


@pytest.mark.parametrize(("method", "path", "body"), ATTACKS)
def test_managing_people_takes_over_nobody_who_may_more(method: str, path: str, body: dict[str, Any]) -> None:
    boss, _another = user("Boss", role="administrator"), user(role="administrator")
    filled = {name: boss.pk if value == "{boss}" else value for name, value in body.items()}
    url = f"/api/v1{path}".replace("{boss}", str(boss.pk))
    before = User.objects.values().get(pk=boss.pk)
    assert send(with_key(scopes=["people.manage", "people.view"]), method, url, filled).status_code == 403
    assert User.objects.values().get(pk=boss.pk) == before
    assert not boss.contact_methods.exists()
    assert send(with_key(), method, url, filled).status_code < 300, "an administrator's key may"
