"""The API of saved views: a key sees and keeps what its organisation shares."""

from __future__ import annotations

import pytest

from steward.foundation.testing.api import (
    check_hidden_from_others,
    check_key_needed,
    check_key_permission,
    check_key_queries,
    send,
    with_key,
)
from steward.people.views.models import SavedView
from steward.people.views.tests.factories import actor, saved

pytestmark = pytest.mark.django_db
VIEWS = "/api/v1/views"
BODY = {"list": "people", "name": "Leads", "query": "sort=newest&role=lead"}


def test_doors() -> None:
    view = saved(actor("lead"), "Zebra crossing", list_key="services", query="", shared=True)
    one = f"{VIEWS}/{view.pk}"
    for method, url, body in (("get", VIEWS, None), ("post", VIEWS, BODY), ("get", one, None), ("delete", one, None)):
        check_key_needed(method, url, body)
        check_hidden_from_others(method, url, ["Zebra crossing"], body)
    for method, url, body in (("post", VIEWS, BODY), ("patch", one, {"name": "Other"}), ("delete", one, None)):
        check_key_permission(method, url, "views.share", body)
    check_key_queries(VIEWS)


def test_from_making_to_deleting() -> None:
    client = with_key("lead")
    made = send(client, "post", VIEWS, BODY)
    assert made.status_code == 201
    view = SavedView.objects.get()
    found = made.json()
    assert {name: found[name] for name in ("id", "list", "name", "query", "shared", "owner_id", "url")} == {
        "id": view.pk, "list": "people", "name": "Leads", "query": "role=lead&sort=newest", "shared": True,
        "owner_id": None, "url": f"/people/?role=lead&sort=newest&view={view.pk}",
    }  # fmt: skip
    assert send(client, "get", f"{VIEWS}/{view.pk}").json() == found
    changed = send(client, "patch", f"{VIEWS}/{view.pk}", {"query": "q=ana"}).json()
    assert (changed["name"], changed["query"]) == ("Leads", "q=ana")
    assert send(client, "delete", f"{VIEWS}/{view.pk}").status_code == 204
    assert send(client, "get", f"{VIEWS}/{view.pk}").json()["type"] == "urn:steward:problem:view-not-found"


def test_private_views_are_not_a_programs_business() -> None:
    lead = actor("lead")
    private = saved(lead, "Private")
    saved(lead, "Shared", shared=True)
    client = with_key()
    assert [each["name"] for each in send(client, "get", f"{VIEWS}?list=people").json()["items"]] == ["Shared"]
    assert send(client, "get", f"{VIEWS}?list=teams").json()["items"] == []
    assert send(client, "get", f"{VIEWS}/{private.pk}").status_code == 404
    assert send(client, "post", VIEWS, {**BODY, "shared": False}).json()["fields"].keys() == {"shared"}


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"list": "nothing"}, 422, "list"),
        ({"query": "colour=red"}, 422, "query"),
        ({"name": ""}, 422, "data.name"),
        ({"name": "shared"}, 409, "name"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, str], status: int, field: str) -> None:
    saved(actor("lead"), "Shared", shared=True)
    answer = send(with_key(), "post", VIEWS, {**BODY, **changes})
    assert answer.status_code == status
    assert list(answer.json()["fields"]) == [field]


def test_pages_of_views_follow_each_other() -> None:
    lead = actor("lead")
    for name in ("B", "a", "C"):
        saved(lead, name, shared=True)
    client = with_key("viewer")
    first = send(client, "get", f"{VIEWS}?limit=2").json()
    rest = send(client, "get", f"{VIEWS}?limit=2&cursor={first['next']}").json()
    assert sorted(each["name"] for each in first["items"] + rest["items"]) == ["B", "C", "a"]
    assert rest["next"] is None
