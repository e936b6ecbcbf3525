"""Incidents over the API."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from steward.foundation import subjects
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import actions as accounts
from steward.people.accounts.models import ApiKey, Organisation
from steward.response.incidents import actions
from steward.response.incidents.errors import IncidentNotFound
from steward.response.incidents.models import Incident
from steward.response.incidents.tests.factories import (
    ENGINE,
    NOW,
    actor,
    alert,
    incident,
    service,
    supplier,
    user,
)
from steward.response.notifications.tests.factories import team
from steward.response.oncall.tests.factories import notify, policy, wait

pytestmark = pytest.mark.django_db
_numbers = itertools.count(1)


class Api:
    """A client with a key of a role."""

    def __init__(self, role: str = "responder", of: Organisation | None = None) -> None:
        key, raw = accounts.create_api_key(
            actor=ENGINE, now=NOW, name=f"key {next(_numbers)}", role="viewer" if of else role
        )
        if of is not None:
            ApiKey.objects.filter(pk=key.pk).update(role=role, organisation=of)
        self.client = Client(headers={"Authorization": f"Bearer {raw}"})

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1/incidents{path}", query)

    def post(self, path: str, body: Any = None) -> Any:
        if body is None:
            return self.client.generic("POST", f"/api/v1/incidents{path}")
        return self.client.post(f"/api/v1/incidents{path}", body, content_type="application/json")


def test_without_a_key_there_is_nothing() -> None:
    found = incident()
    client = Client()
    client.force_login(user(role="administrator"))
    for path in ("", f"/{found.ref}", f"/{found.ref}/timeline"):
        assert client.get(f"/api/v1/incidents{path}").status_code == 401
    assert client.post(f"/api/v1/incidents/{found.ref}/acknowledge").status_code == 401
    assert Incident.objects.get(pk=found.pk).status == "open"


def test_the_list_filters_and_pages_without_gaps() -> None:
    portal = service("Claims portal")
    made = [incident(title=f"number {n}", now=NOW + timedelta(minutes=n), service_id=portal.pk) for n in range(5)]
    incident(title="other", severity="SEV4")
    actions.resolve(actor=ENGINE, now=NOW, incident_id=made[0].pk)
    api, seen, cursor = Api(), [], ""
    while True:
        page = api.get("", status="open", severity="SEV2", service=portal.pk, limit=2, cursor=cursor).json()
        seen += [row["ref"] for row in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == [each.ref for each in reversed(made[1:])]
    assert api.get("", status="nonsense").status_code == 422
    assert api.get("", cursor="nonsense").status_code == 400


def test_one_incident_by_either_form_of_its_number() -> None:
    found, api = incident(alert()), Api()
    for ref in (found.ref, found.ref.lower(), str(found.number)):
        body = api.get(f"/{ref}").json()
        assert (body["ref"], body["status"], body["alerts"], body["firing"]) == (found.ref, "open", 1, 1)
    for ref in ("INC-999999", "nonsense", "9" * 30):
        assert api.get(f"/{ref}").status_code == 404


def test_the_whole_life_of_an_incident() -> None:
    api, who = Api(), user("Ann Example")
    answer = api.post("", {"title": "Phones are dead", "severity": "SEV1", "description": "all of them"})
    assert answer.status_code == 201
    path = f"/{answer.json()['ref']}"
    assert api.post(f"{path}/acknowledge").json()["status"] == "acknowledged"
    first = api.get(path).json()["acknowledged_at"]
    assert api.post(f"{path}/acknowledge").json()["acknowledged_at"] == first
    assert api.post(f"{path}/assign", {"assignee": who.pk}).json()["assignee"]["name"] == "Ann Example"
    assert api.post(f"{path}/severity", {"severity": "SEV2", "why": "half of them"}).json()["severity"] == "SEV2"
    assert api.post(f"{path}/notes", {"text": "called the provider"}).status_code == 201
    assert api.post(f"{path}/resolve", {"why": "cable"}).json()["status"] == "resolved"
    refused = api.post(f"{path}/acknowledge")
    assert refused.status_code == 409
    assert refused["Content-Type"].startswith("application/problem+json")
    assert api.post(f"{path}/reopen").json()["reopened"] == 1
    kinds = [row["kind"] for row in api.get(f"{path}/timeline").json()["items"]]
    assert [kind for kind in kinds if kind != "escalation"] == [
        "opened", "acknowledged", "assigned", "severity", "note", "resolved", "reopened",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"title": ""}), ("", {"title": "x", "severity": "SEV9"}), ("", {"title": "x", "service": 10**12}),
        ("", {"title": "x", "policy": 10**12}), ("", {"title": "x", "policy": 10**30}), ("/notes", {"text": " "}),
        ("/assign", {"assignee": 10**12}), ("/assign", {}), ("/severity", {"severity": "bad"}),
    ],
)  # fmt: skip
def test_wrong_values_are_named(path: str, body: dict[str, Any]) -> None:
    found = incident()
    answer = Api().post(f"/{found.ref}{path}" if path else "", body)
    assert answer.status_code == 422
    assert answer.json()["fields"]


def test_a_viewers_key_only_reads() -> None:
    found, api = incident(), Api("viewer")
    assert api.get(f"/{found.ref}").status_code == 200
    for path, body in (
        ("", {"title": "x"}), (f"/{found.ref}/acknowledge", None), (f"/{found.ref}/resolve", None),
        (f"/{found.ref}/notes", {"text": "x"}), (f"/{found.ref}/assign", {"assignee": None}),
    ):  # fmt: skip
        assert api.post(path, body).status_code == 403
    assert Incident.objects.get().status == "open"


def test_a_suppliers_key_sees_only_what_is_theirs() -> None:
    acme = supplier("Acme")
    theirs, foreign = incident(service_id=service(supplier=acme).pk), incident(alert())
    api = Api("supplier", acme)
    assert [row["ref"] for row in api.get("").json()["items"]] == [theirs.ref]
    for path in ("", "/timeline", "/alerts"):
        assert api.get(f"/{foreign.ref}{path}").status_code == 404
    assert api.post(f"/{foreign.ref}/acknowledge").status_code == 404


def test_alerts_of_an_incident_say_why_they_are_in_it() -> None:
    disk = alert("DiskFull")
    found = incident(disk)
    (row,) = Api().get(f"/{found.ref}/alerts").json()["items"]
    assert (row["id"], row["name"], row["firing"]) == (disk.pk, "DiskFull", True)
    assert row["labels"] == disk.labels


def test_a_resolved_incident_is_closed_for_good() -> None:
    api, found = Api(), incident()
    assert api.post(f"/{found.ref}/close").status_code == 409
    api.post(f"/{found.ref}/resolve")
    assert api.post(f"/{found.ref}/close").json()["status"] == "closed"
    assert api.post(f"/{found.ref}/reopen").status_code == 409


def test_the_list_is_searched_and_narrowed_to_a_person_or_a_team() -> None:
    who, owners = user(), team()
    mine = incident(title="Phones are dead", service_id=service(owner_team=owners).pk)
    actions.assign(actor=ENGINE, now=NOW, incident_id=mine.pk, assignee_id=who.pk)
    other, api = incident(title="Printer is slow"), Api()
    for query, expected in (
        ({"q": "phones"}, [mine]), ({"q": other.ref}, [other]), ({"assignee": who.pk}, [mine]),
        ({"team": owners.pk}, [mine]), ({"unassigned": True}, [other]),
    ):  # fmt: skip
        assert [row["ref"] for row in api.get("", **query).json()["items"]] == [each.ref for each in expected], query


def test_how_far_the_escalation_is() -> None:
    api, quiet = Api(), incident()
    assert api.get(f"/{quiet.ref}/escalation").json() == {"escalation": None}
    paging = policy(notify(user()), wait(5), name="Tier 1")
    found = incident(policy_id=paging.pk)
    said = api.get(f"/{found.ref}/escalation").json()["escalation"]
    assert (said["policy"], said["state"], said["steps"]) == ("Tier 1", "running", 2)
    api.post(f"/{found.ref}/acknowledge")
    assert api.get(f"/{found.ref}/escalation").json()["escalation"]["state"] == "stopped"


def test_lower_rooms_find_an_incident_by_its_number() -> None:
    found = incident()
    assert subjects.find(ENGINE, f"incident:{found.ref}") == SubjectRef("incident", found.pk)
    stranger = actor(user(role="supplier", organisation=supplier("Acme")))
    with pytest.raises(IncidentNotFound):
        subjects.find(stranger, f"incident:{found.ref}")
