"""Routes and decisions over the API."""

from __future__ import annotations

import itertools
from typing import Any

import orjson
import pytest
from django.test import Client

from steward.people.accounts import actions as accounts
from steward.response.triage.models import Route
from steward.response.triage.tests.factories import (
    ADMIN,
    NOW,
    default_route,
    fire,
    notify,
    policy,
    route,
    service,
    user,
    wait,
)

pytestmark = pytest.mark.django_db
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def home(db: None) -> None:
    accounts.ensure_home_organisation(now=NOW)


def api(role: str = "administrator", scopes: tuple[str, ...] = ()) -> Client:
    _key, raw = accounts.create_api_key(actor=ADMIN, now=NOW, name=f"key {next(_numbers)}", role=role, scopes=scopes)
    return Client(headers={"Authorization": f"Bearer {raw}"})


def send(client: Client, method: str, path: str, body: Any) -> Any:
    return client.generic(method, f"/api/v1{path}", data=orjson.dumps(body), content_type="application/json")


def test_the_whole_life_of_a_route() -> None:
    client = api()
    chosen, belongs = policy(notify(user())), service()
    answer = send(client, "POST", "/routes", {
        "name": "Tier 1", "matchers": '{tier="1"}', "group_by": ["alertname"], "severity_map": {"critical": "SEV1"},
        "policy_id": chosen.pk, "service_id": belongs.pk,
    })  # fmt: skip
    assert answer.status_code == 201
    made = answer.json()
    assert made["matchers"] == [{"name": "tier", "op": "=", "value": "1"}]
    assert made["policy"] == {"id": chosen.pk, "name": chosen.name}
    assert (made["version"], made["is_default"]) == (1, False)
    path = f"/routes/{made['id']}"
    changed = send(client, "PATCH", path, {"group_wait": 5, "policy_id": None}).json()
    assert (changed["group_wait"], changed["policy"], changed["version"]) == (5, None, 2)
    # What was not sent stays.
    assert (changed["matchers_text"], changed["severity_map"]) == ('tier="1"', {"critical": "SEV1"})
    assert send(client, "POST", f"{path}/move", {"direction": "up"}).status_code == 200
    assert client.get(f"/api/v1{path}").json()["name"] == "Tier 1"
    assert client.delete(f"/api/v1{path}").status_code == 204
    assert client.get(f"/api/v1{path}").status_code == 404


def test_the_list_is_in_order_and_pages_without_gaps() -> None:
    for name in ("A", "B", "C"):
        route(name=name)
    client, found, cursor = api("viewer"), [], ""
    while cursor is not None:
        page = client.get("/api/v1/routes", {"limit": 2, "cursor": cursor}).json()
        found += [item["name"] for item in page["items"]]
        cursor = page["next"]
    assert found == ["A", "B", "C", "Everything else"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "X", "matchers": "tier"}, "matchers"),
        ({"name": "X", "policy_id": 987654}, "policy_id"),
        ({"name": "X", "service_id": 987654}, "service_id"),
        ({"name": "Everything else"}, "name"),
        ({"name": " "}, "name"),
        ({"name": "X", "severity_map": {"critical": "SEV7"}}, "severity_map.critical"),
        ({"name": "X", "group_wait": -1}, "group_wait"),
        ({}, "name"),
    ],
)
def test_wrong_values_are_named(body: dict[str, Any], field: str) -> None:
    answer = send(api(), "POST", "/routes", body)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert list(answer.json()["fields"]) == [field]
    assert Route.objects.count() == 1


def test_the_default_route_stays() -> None:
    client, path = api(), f"/routes/{default_route().pk}"
    assert client.delete(f"/api/v1{path}").status_code == 409
    assert send(client, "PATCH", path, {"matchers": 'a="b"'}).status_code == 409
    assert send(client, "POST", f"{path}/move", {"direction": "up"}).status_code == 404


def test_a_viewers_key_reads_and_tries_but_does_not_change() -> None:
    client, made = api("viewer"), route(name="Mine")
    assert client.get("/api/v1/routes").status_code == 200
    assert send(client, "POST", "/routes/try", {"labels": {"a": "b"}}).status_code == 200
    for method, path, body in (
        ("POST", "/routes", {"name": "New"}), ("PATCH", f"/routes/{made.pk}", {"name": "Other"}),
        ("POST", f"/routes/{made.pk}/move", {"direction": "up"}), ("DELETE", f"/routes/{made.pk}", {}),
    ):  # fmt: skip
        assert send(client, method, path, body).status_code == 403
    assert send(api("responder"), "POST", "/routes", {"name": "New"}).status_code == 403
    assert Client().get("/api/v1/routes").status_code == 401


def test_trying_names_routes_and_people() -> None:
    ann = user("Ann")
    route('team="web"', name="Web")
    made = route('team="data"', name="Data", policy_id=policy(notify(ann), wait(5)).pk, group_by=["team"])
    body = send(api("viewer"), "POST", "/routes/try", {"labels": {"team": "data", "severity": "page"}}).json()
    assert [(each["route"]["name"], each["matched"], each["reached"]) for each in body["walked"]] == [
        ("Web", False, True), ("Data", True, True), ("Everything else", False, False),
    ]  # fmt: skip
    (outcome,) = body["outcomes"]
    assert (outcome["route"]["id"], outcome["severity"], outcome["group"]) == (made.pk, "SEV1", {"team": "data"})
    assert [person["name"] for step in outcome["pages"] for person in step["people"]] == ["Ann"]


def test_decisions_on_an_alert() -> None:
    route(name="All")
    made = fire()
    body = api("viewer").get("/api/v1/decisions", {"alert_id": made.alert_id}).json()
    (decision,) = body["items"]
    assert (decision["outcome"], decision["route"]["name"], decision["route_version"]) == ("opened", "All", 1)
    assert decision["incident"].startswith("INC-")
    assert "Opened INC-" in decision["reason"]
    assert api("viewer", ("alerts.view",)).get("/api/v1/decisions", {"alert_id": made.alert_id}).status_code == 403
