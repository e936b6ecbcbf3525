"""The API of the estate."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from steward.estate.configuration.models import Service
from steward.estate.configuration.tests.factories import ENGINE, NOW, ItemFactory, ServiceFactory
from steward.people.accounts import actions as accounts

pytestmark = pytest.mark.django_db


class Api:
    """A client with a key of a role."""

    def __init__(self, role: str, *scopes: str) -> None:
        _key, raw = accounts.create_api_key(actor=ENGINE, now=NOW, name=role, role=role, scopes=scopes)
        self.client = Client(headers={"Authorization": f"Bearer {raw}"})

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        response = self.client.generic(
            method, f"/api/v1{path}", "" if body is None else json.dumps(body), content_type="application/json"
        )
        assert response.status_code == status, response.content
        if status >= 400:
            assert response["Content-Type"] == "application/problem+json"
        return response.json() if response.content else None


@pytest.fixture
def api() -> Api:
    return Api("lead")


ENDPOINTS = [
    ("GET", "/services"), ("POST", "/services"), ("GET", "/services/s"), ("PUT", "/services/s"),
    ("DELETE", "/services/s"), ("GET", "/services/s/relations"), ("GET", "/items"), ("POST", "/items"),
    ("GET", "/items/1"), ("PUT", "/items/1"), ("DELETE", "/items/1"), ("GET", "/items/1/relations"),
    ("POST", "/relations"), ("DELETE", "/relations/1"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_every_endpoint_wants_a_key_with_the_permission(method, path):
    ServiceFactory(slug="s")
    body = {"name": "x", "type": "host", "kind": "runs_on", "source_service_id": 1, "target_item_id": 1}
    assert Client().generic(method, f"/api/v1{path}").status_code == 401
    scope = "alerts.view" if method == "GET" else "estate.view"
    Api("lead", scope)(method, path, None if method in {"GET", "DELETE"} else body, 403)


def test_services_from_first_to_last(api):
    body = {
        "name": "Claims", "tier": 1, "match_labels": {"app": "claims"},
        "links": [{"title": "Wiki", "url": "https://wiki/claims"}],
    }  # fmt: skip
    made = api("POST", "/services", body, 201)
    assert made["slug"] == "claims" and made["links"] == body["links"]
    assert api("GET", "/services/claims") == made
    changed = api("PUT", "/services/claims", {"name": "Claims desk", "tier": 2})
    assert (changed["slug"], changed["tier"], changed["match_labels"]) == ("claims", 2, {})
    assert list(api("POST", "/services", {"name": "Claims desk"}, 422)["fields"]) == ["name"]
    wrong = {**body, "links": [{"title": "x", "url": "javascript:x"}]}
    assert list(api("PUT", "/services/claims", wrong, 422)["fields"]) == ["links"]
    api("DELETE", "/services/claims", status=204)
    api("GET", "/services/claims", status=404)


def test_items_and_relations_from_first_to_last(api):
    service = ServiceFactory(slug="claims")
    made = api("POST", "/items", {"type": "host", "name": "db1", "labels": {"instance": "db1"}}, 201)
    path = f"/items/{made['id']}"
    changed = api("PUT", path, {"type": "database", "name": "db1", "service_id": service.pk})
    assert api("GET", path) == changed and changed["labels"] == {}
    ends = {"kind": "runs_on", "source_service_id": service.pk, "target_item_id": made["id"]}
    relation = api("POST", "/relations", ends, 201)
    assert api("POST", "/relations", ends, 201) == relation
    assert api("GET", "/services/claims/relations") == {"outgoing": [relation], "incoming": []}
    assert api("GET", f"{path}/relations") == {"outgoing": [], "incoming": [relation]}
    api("POST", "/relations", {"kind": "runs_on", "source_service_id": service.pk}, 422)
    api("DELETE", f"/relations/{relation['id']}", status=204)
    api("DELETE", f"/relations/{relation['id']}", status=404)
    api("DELETE", path, status=204)
    api("GET", path, status=404)
    api("GET", "/items/99999999999999999999999", status=404)


def test_lists_are_narrowed_and_paged(api):
    for number in range(5):
        ServiceFactory(name=f"S{number}", tier=1 + number % 2)
    ItemFactory(name="a", type="host", labels={"dc": "north", "rack": "1"})
    ItemFactory(name="b", type="database", labels={"dc": "north"})
    names, cursor = [], ""
    while True:
        page = api("GET", f"/services?limit=2&cursor={cursor}")
        names += [each["name"] for each in page["items"]]
        if not page["next"]:
            break
        cursor = page["next"]
    assert names == ["S0", "S2", "S4", "S1", "S3"]
    assert [each["name"] for each in api("GET", "/services?q=s3&tier=2")["items"]] == ["S3"]
    for query, found in (
        ("label=dc%3Dnorth", ["a", "b"]),
        ("label=dc%3Dnorth&label=rack%3D1", ["a"]),
        ("type=database", ["b"]),
        ("environment=test", []),
        ("q=%00a", ["a"]),
    ):
        assert [each["name"] for each in api("GET", f"/items?{query}")["items"]] == found
    assert list(api("GET", "/items?label=dc", status=422)["fields"]) == ["label"]


def test_unnamed_labels_and_control_characters_are_refused(api):
    for labels in ({"": "x"}, {"app": ""}, {"app": 1}, "app=x"):
        api("POST", "/services", {"name": "x", "match_labels": labels}, 422)
    api("POST", "/services", {"name": "x", "match_labels": {"app": "a\0b"}}, 422)
    assert not Service.objects.exists()
