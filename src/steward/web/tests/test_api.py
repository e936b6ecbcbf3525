"""The home page's figures and the search, over the API."""

from __future__ import annotations

import pytest

from steward.foundation import clock
from steward.foundation.testing.api import with_key
from steward.people.accounts.models import Organisation
from steward.response.incidents.tests.factories import alert, incident, service
from steward.response.oncall.tests.factories import schedule, user

pytestmark = pytest.mark.django_db


def test_now_answers_what_the_page_answers() -> None:
    claims, rota = service("Claims"), schedule(user("Ann"), name="App")
    alert(service=claims)
    made = incident(now=clock.now(), service_id=claims.pk, severity="SEV1", title="Uploads fail")
    said = with_key("viewer").get("/api/v1/now").json()
    assert (said["pulse"]["open"], said["pulse"]["firing"], said["pulse"]["unhealthy"]) == (1, 1, 1)
    (row,) = said["incidents"]
    assert (row["ref"], row["title"], row["service"], row["assignee"]) == (made.ref, "Uploads fail", "Claims", None)
    (tile,) = said["services"]
    assert (tile["slug"], tile["state"], tile["text"]) == (claims.slug, "down", "SEV1 · 1 open")
    (line,) = said["on_call"]
    assert (line["schedule_id"], line["people"]) == (rota.pk, ["Ann"])
    assert said["firing"] == [{"name": "Claims", "count": 1}]


def test_search_finds_every_kind() -> None:
    claims = service("Claims")
    incident(title="Claims are slow", service_id=claims.pk)
    found = with_key().get("/api/v1/search?q=claims").json()["groups"]
    assert {group["kind"]: [hit["title"] for hit in group["hits"]] for group in found} == {
        "incident": ["Claims are slow"], "service": ["Claims"],
    }  # fmt: skip
    assert found[1]["hits"][0]["url"] == f"/services/{claims.slug}/"
    assert with_key().get("/api/v1/search?q=%00").json() == {"groups": []}


def test_a_supplier_searches_and_sees_only_what_is_theirs() -> None:
    acme = Organisation.objects.create(kind="supplier", name="Acme", slug="acme")
    mine, _other = service("Claims one", supplier=acme), service("Claims two")
    client = with_key("supplier", organisation=acme)
    (group,) = client.get("/api/v1/search?q=claims").json()["groups"]
    assert [hit["title"] for hit in group["hits"]] == [mine.name]
    assert [tile["name"] for tile in client.get("/api/v1/now").json()["services"]] == [mine.name]
