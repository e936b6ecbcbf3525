"""The API of contact methods and pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from steward.foundation import subjects
from steward.foundation.errors import NotFound
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import actions as accounts
from steward.response.notifications.tests.factories import ENGINE, NOW, SUBJECT, page, user

pytestmark = pytest.mark.django_db


class Api:
    """A client with a key of a role."""

    def __init__(self, role: str, *scopes: str) -> None:
        _key, raw = accounts.create_api_key(actor=ENGINE, now=NOW, name=role, role=role, scopes=scopes)
        self.client = Client(headers={"Authorization": f"Bearer {raw}"})

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        data = "" if body is None else json.dumps(body)
        response = self.client.generic(method, f"/api/v1{path}", data, content_type="application/json")
        assert response.status_code == status, response.content
        return response.json() if response.content else None


@pytest.fixture
def api() -> Api:
    return Api("administrator")


def test_contact_methods_from_first_to_last(api: Api) -> None:
    who = user()
    body = {"user_id": who.pk, "channel": "apprise", "target": "ntfy://token@ntfy.sh/topic"}
    made = api("POST", "/contact-methods", body, 201)
    assert (made["target"], made["enabled"]) == ("ntfy://***", True)
    path = f"/contact-methods/{made['id']}"
    assert api("PATCH", path, {"enabled": False})["enabled"] is False
    assert api("GET", f"/contact-methods?user_id={who.pk}")["items"] == [{**made, "enabled": False}]
    api("POST", "/contact-methods", body, 409)
    wrong = api("POST", "/contact-methods", {**body, "target": "nonsense"}, 422)
    assert list(wrong["fields"]) == ["target"]
    api("POST", "/contact-methods", {**body, "user_id": 10**12}, 404)
    assert api("POST", f"{path}/test", status=202)["page_id"]
    api("DELETE", path, status=204)
    api("DELETE", path, status=404)


def test_pages_are_read_with_their_attempts(api: Api) -> None:
    sent = page(user("Ann"))
    page(user("Nora", email=""), key="k2")
    first, second = api("GET", "/pages")["items"]
    assert (first["user"], first["state"], second["user"], second["state"]) == ("Nora", "failed", "Ann", "pending")
    assert "Nora has no contact method" in first["reason"]["problem"]
    assert [item["user"] for item in api("GET", "/pages?state=pending")["items"]] == ["Ann"]
    assert len(api("GET", "/pages?subject_kind=incident&subject_id=7")["items"]) == 2
    assert api("GET", "/pages?subject_kind=incident&subject_id=8")["items"] == []
    one = api("GET", f"/pages/{sent.page_id}")
    assert one["deliveries"][0]["state"] == "waiting"
    api("GET", "/pages/0", status=404)
    api("GET", "/pages?state=lost", status=422)
    cursor = api("GET", "/pages?limit=1")["next"]
    assert [item["user"] for item in api("GET", f"/pages?limit=1&cursor={cursor}")["items"]] == ["Ann"]


def test_who_may_do_what() -> None:
    viewer, narrow = Api("viewer"), Api("viewer", "people.view")
    assert Client().get("/api/v1/pages").status_code == 401
    viewer("GET", "/pages")
    narrow("GET", "/pages", status=403)
    viewer("GET", "/contact-methods", status=403)
    viewer("POST", "/contact-methods", {"user_id": user().pk, "channel": "email", "target": "a@example.org"}, 403)


def test_whether_a_person_is_reached(api: Api) -> None:
    reached, lost = user("Ann"), user("Nora", email="")
    assert api("GET", f"/contact-methods/reach?user_id={reached.pk}") == {"user_id": reached.pk, "reach": 1}
    assert api("GET", f"/contact-methods/reach?user_id={lost.pk}")["reach"] == 0
    api("GET", "/contact-methods/reach?user_id=999999", status=404)


def test_pages_about_a_subject_in_peoples_words(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(_actor: Any, text: str) -> SubjectRef:
        if text != "INC-7":
            raise NotFound("no such incident")
        return SUBJECT

    monkeypatch.setitem(subjects._finders, "incident", find)
    page(user("Ann"))
    page(user("Bob"), key="k2", subject=SubjectRef("incident", 8))
    assert [each["user"] for each in api("GET", "/pages?subject=incident:INC-7")["items"]] == ["Ann"]
    api("GET", "/pages?subject=incident:INC-9", status=404)
    said = api("GET", "/pages?subject=nonsense", status=404)
    assert "incident" in said["detail"]


def test_bundling_is_chosen_and_left_to_the_installation(api: Api) -> None:
    who = user()
    path = f"/contact-methods/bundling?user_id={who.pk}"
    assert api("GET", path) == {"user_id": who.pk, "seconds": 0, "own": None}
    assert api("PUT", path, {"seconds": 90}) == {"user_id": who.pk, "seconds": 90, "own": 90}
    api("PUT", path, {"seconds": 4000}, 422)
    assert api("PUT", path, {"seconds": None})["own"] is None
    api("PUT", "/contact-methods/bundling?user_id=999999", {"seconds": 9}, 404)
