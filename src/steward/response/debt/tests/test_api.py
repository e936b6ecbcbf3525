"""The API: the same figures, answers and rebuild. Doors and walls are in tests/api."""

from __future__ import annotations

from datetime import timedelta

import pytest

from steward.foundation import clock
from steward.foundation.testing.api import send, with_key
from steward.response.debt.models import Day
from steward.response.debt.tests.factories import add_up, alert, fired, lead, opened, service
from steward.response.incidents import actions as incidents

pytestmark = pytest.mark.django_db
URL = "/api/v1/alert-debt"


def test_figures_filters_and_paging() -> None:
    now = clock.now()
    mail = service("Mail")
    for name in ("DiskFull", "Latency", "Errors"):
        fired(alert(name, service=mail if name == "Errors" else None, severity="warning"), now - timedelta(hours=1))
    opened(alert("DiskFull"), at=now - timedelta(hours=1), status="closed", resolved_at=now)
    add_up(now)
    client = with_key("viewer")
    first = client.get(f"{URL}?limit=2&days=7").json()
    rest = client.get(f"{URL}?limit=2&days=7&cursor={first['next']}").json()
    assert {each["name"] for each in [*first["items"], *rest["items"]]} == {"DiskFull", "Latency", "Errors"}
    assert rest["next"] is None
    one = client.get(f"{URL}?name=DiskFull&sort=noise").json()["items"][0]
    assert (one["fired"], one["incidents"], one["ignored"], one["actionability"]) == (1, 1, 1, "never")
    assert [each["name"] for each in client.get(f"{URL}?service={mail.pk}").json()["items"]] == ["Errors"]
    assert client.get(f"{URL}?actionability=often").json()["items"] == []
    assert client.get(f"{URL}?days=8").status_code == 422
    trend = client.get(f"{URL}/trend?name=DiskFull&days=7").json()
    assert len(trend) == 7 and sum(each["fired"] for each in trend) == 1


def test_answers() -> None:
    found = opened(alert("DiskFull"))
    client = with_key("responder")
    url = f"{URL}/incidents/{found.ref}"
    assert send(client, "put", f"{url}/answer", {"answer": "act"}).status_code == 409
    incidents.resolve(actor=lead(), now=clock.now(), incident_id=found.pk)
    assert send(client, "put", f"{url}/answer", {"answer": "act", "note": "x"}).json()["answer"] == "act"
    assert send(client, "put", f"{url}/answer", {"answer": "noise"}).json()["note"] == "x"
    assert send(client, "put", f"{url}/answer", {"answer": "shrug"}).status_code == 422
    assert [each["answer"] for each in client.get(f"{url}/answers").json()] == ["noise"]


def test_a_rebuild_and_its_progress() -> None:
    now = clock.now()
    fired(alert("DiskFull"), now - timedelta(days=3))
    add_up(now)
    client = with_key("lead")
    answer = client.post(f"{URL}/rebuild").json()
    assert (answer["days"], answer["waiting"]) == (4, 3)
    assert client.get(f"{URL}/progress").json()["waiting"] == 3
    assert client.post(f"{URL}/stop").json()["waiting"] == 0
    assert Day.objects.filter(due_at__isnull=False).count() == 1
