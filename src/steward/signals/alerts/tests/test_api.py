import hashlib
from typing import Any

import pytest
from django.test import Client

from steward.estate.configuration.models import ConfigurationItem
from steward.people.accounts.models import ApiKey, Organisation
from steward.signals.alerts.models import AlertChange, ParkedPayload, Source
from steward.signals.alerts.tests.factories import NOW, source, stored

pytestmark = pytest.mark.django_db


def api(role: str = "lead") -> Any:
    """A client that calls with a new key of this role."""
    kind = role if role in {"customer", "supplier"} else "home"
    organisation = Organisation.objects.get_or_create(slug=kind, defaults={"name": kind, "kind": kind})[0]
    raw = f"key-of-{role}"
    ApiKey.objects.get_or_create(
        digest=hashlib.sha256(raw.encode()).hexdigest(),
        defaults={
            "name": raw,
            "prefix": raw[:8],
            "role": role,
            "organisation": organisation,
            "created_at": NOW,
        },
    )
    return Client(headers={"Authorization": f"Bearer {raw}"})


def post(client: Any, path: str, value: Any = None, method: str = "post") -> Any:
    return getattr(client, method)(f"/api/v1{path}", value or {}, content_type="application/json")


def test_alerts_filters_and_pages() -> None:
    of = source()
    for number in range(3):
        stored(of, f"A{number}", severity="critical", labels={"alertname": f"A{number}", "rack": "r1"})
    stored(of, "Gone", status="resolved")
    client = api("viewer")
    page = client.get("/api/v1/alerts?limit=2&status=firing&labels=rack=r1").json()
    rest = client.get(f"/api/v1/alerts?limit=2&status=firing&labels=rack=r1&cursor={page['next']}").json()
    assert [each["name"] for each in page["items"] + rest["items"]] == ["A2", "A1", "A0"]
    assert (rest["next"], page["items"][0]["source"]["id"]) == (None, of.pk)
    assert [each["name"] for each in client.get("/api/v1/alerts?name=gone").json()["items"]] == ["Gone"]
    assert client.get("/api/v1/alerts?labels=x").json()["type"] == "urn:steward:problem:bad-label-search"
    assert client.get("/api/v1/alerts?name=%00").status_code == 422


def test_one_alert_and_its_changes() -> None:
    alert = stored(source())
    AlertChange.objects.create(alert=alert, at=NOW, status="firing", starts_at=NOW, due_at=NOW, reason={"code": "new"})
    client = api("viewer")
    assert client.get(f"/api/v1/alerts/{alert.pk}").json()["fingerprint"] == alert.fingerprint.hex()
    (change,) = client.get(f"/api/v1/alerts/{alert.pk}/changes").json()["items"]
    assert (change["reason"], change["decided"]) == ({"code": "new"}, False)
    assert client.get("/api/v1/alerts/999").status_code == 404
    assert client.get(f"/api/v1/alerts/{10**30}").status_code == 404


def test_a_sources_life() -> None:
    client = api()
    answer = post(client, "/sources", {"name": "North"})
    assert answer.status_code == 201
    made = answer.json()
    path = f"/sources/{made['id']}"
    assert hashlib.sha256(made["path"].removeprefix("/in/").encode()).hexdigest() == Source.objects.get().key_digest
    assert post(client, path, {"enabled": False}, "patch").json()["enabled"] is False
    assert post(client, f"{path}/rotate-key").json()["path"] != made["path"]
    assert "path" not in client.get(f"/api/v1{path}").json()
    assert [each["name"] for each in client.get("/api/v1/sources").json()["items"]] == ["North"]
    assert post(client, "/sources", {"name": "North"}).json()["fields"] == {"name": ["Another source has this name."]}


def test_parked_payloads() -> None:
    of = source()
    good, bad = (
        ParkedPayload.objects.create(source=of, received_at=NOW, endpoint="events", raw=raw, error="x")
        for raw in (b'{"name":"A"}', b"\xff")
    )
    client = api()
    listed = client.get(f"/api/v1/sources/{of.pk}/parked").json()["items"]
    assert [each["id"] for each in listed] == [bad.pk, good.pk]
    assert client.get(f"/api/v1/sources/parked/{bad.pk}").json()["raw"] == "\\xff"
    assert post(client, f"/sources/parked/{good.pk}/replay").json() == {"alerts": 1}
    assert post(client, f"/sources/parked/{bad.pk}/replay").status_code == 409
    assert post(client, f"/sources/parked/{bad.pk}/discard").json()["status"] == "discarded"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/sources"),
        ("get", "/sources/1"),
        ("get", "/sources/1/parked"),
        ("get", "/sources/parked/1"),
        ("post", "/sources"),
        ("patch", "/sources/1"),
        ("post", "/sources/1/rotate-key"),
        ("post", "/sources/parked/1/replay"),
        ("post", "/sources/parked/1/discard"),
    ],
)
def test_who_may_not(method: str, path: str) -> None:
    body = {"name": "A"}
    assert post(Client(), path, body, method).status_code == 401
    assert post(api("supplier"), path, body, method).status_code == 403
    if method != "get":
        assert post(api("viewer"), path, body, method).status_code == 403


def test_alerts_need_a_key_and_the_permission() -> None:
    for path in ("", "/1", "/1/changes"):
        assert Client().get(f"/api/v1/alerts{path}").status_code == 401
        assert api("customer").get(f"/api/v1/alerts{path}").status_code == 403


def test_sources_tell_what_fires_and_what_waits() -> None:
    one, other = source(), source()
    stored(one), stored(one), stored(one, status="resolved"), stored(other)
    ParkedPayload.objects.create(source=other, received_at=NOW, endpoint="events", raw=b"x", error="x")
    listed = api().get("/api/v1/sources").json()["items"]
    assert [(each["id"], each["firing"], each["parked"]) for each in listed] == [(one.pk, 2, 0), (other.pk, 1, 1)]
    assert api().get(f"/api/v1/sources/{one.pk}").json()["firing"] == 2


def test_alerts_of_an_item() -> None:
    host = ConfigurationItem.objects.create(type="host", name="db-3")
    mine, _other = stored(source(), item=host), stored(source())
    assert [each["id"] for each in api().get(f"/api/v1/alerts?item={host.pk}").json()["items"]] == [mine.pk]
