"""Mappings and identity through the door, on pages and in the API."""

import json
from typing import Any

import pytest

from steward.foundation.errors import Forbidden, Invalid, NotFound
from steward.foundation.testing.pages import signed_in
from steward.people.audit.models import AuditEntry
from steward.signals.alerts import identity, mapping, queries
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.models import Alert, AlertChange, LastPayload, MappingVersion, ParkedPayload, Source
from steward.signals.alerts.tests.factories import NOW, call, lead, posted, source, with_door
from steward.signals.alerts.tests.test_api import api, post

DOCUMENT = {
    "labels": {"alertname": "check", "host": "host"}, "annotations": {"summary": "text"}, "status": "state",
    "resolved": ["ok"],
}  # fmt: skip
BODY = {"check": "Backup", "host": "db-3", "state": "failed", "text": "no space left"}


def send(path: str, *bodies: Any) -> list[int]:
    async def story(app: Application) -> list[int]:
        return [(await call(app, path, body)).status for body in bodies]

    found: list[int] = with_door(story)
    return found


@pytest.fixture
def k(transactional_db: None) -> Source:
    return source("k", kind="generic")


def save(of: Source, document: Any = DOCUMENT, **more: Any) -> MappingVersion:
    return mapping.save_mapping(actor=lead(), now=NOW, source_id=of.pk, document=document, **more)


def test_what_cannot_be_read_is_parked_and_replayed_once_the_mapping_is_mended(k: Source) -> None:
    assert send("/in/k/json", BODY, {**BODY, "host": "db-4"}, b"no json", [1]) == [400, 400, 400, 400]
    assert ParkedPayload.objects.waiting().count() == 4 and not Alert.objects.exists()
    save(k)
    assert mapping.replay_all(actor=lead(), now=NOW, source_id=k.pk) == (2, 2)
    assert {each.labels["host"] for each in Alert.objects.all()} == {"db-3", "db-4"}
    assert send("/in/k/json", {**BODY, "state": "OK"}) == [200]
    assert Alert.objects.get(labels__host="db-3").status == "resolved"


@pytest.mark.django_db
def test_every_save_is_a_version_and_an_older_one_comes_back() -> None:
    k = source()
    first = save(k, note="first")
    assert save(k).pk == first.pk  # nothing is new
    second = save(k, {**DOCUMENT, "severity": "prio"})
    third = mapping.restore_mapping(actor=lead(), now=NOW, source_id=k.pk, number=1)
    assert [each.number for each in (first, second, third)] == [1, 2, 3] and third.document == DOCUMENT
    k.refresh_from_db()
    assert k.mapping == DOCUMENT and (third.author, third.note) == ("Lead", "version 1 again")
    assert AuditEntry.objects.filter(action="source.mapping").count() == 3
    with pytest.raises(NotFound):
        mapping.restore_mapping(actor=lead(), now=NOW, source_id=k.pk, number=9)
    with pytest.raises(Invalid) as error:
        save(k, {"labels": {"a": "["}})
    assert error.value.fields["labels"]
    viewer = type(lead())(kind="user", id=None, label="V", role="viewer", permissions=frozenset({"sources.view"}))
    with pytest.raises(Forbidden):
        mapping.save_mapping(actor=viewer, now=NOW, source_id=k.pk, document=DOCUMENT)


def test_alerts_known_without_a_label_keep_their_row_when_it_changes(k: Source) -> None:
    mapping.set_identity(actor=lead(), now=NOW, source_id=k.pk, mode="except", labels=["pod", " instance "])
    labels = {"alertname": "A", "instance": "1", "pod": "x", "severity": "warning"}
    one, other = posted("A", labels=labels), posted("A", labels={**labels, "pod": "y"})
    assert send("/in/k/api/v2/alerts", [one], [one], [other], [posted("B", labels={"alertname": "B"})]) == [200] * 4
    alert = Alert.objects.get(name="A")
    assert alert.labels["pod"] == "y" and Alert.objects.count() == 2
    assert [each.reason["code"] for each in AlertChange.objects.filter(alert=alert).order_by("id")] == [
        "new",
        "changed",
    ]
    assert send("/in/k/api/v2/alerts", [{**one, "endsAt": one["startsAt"]}]) == [200]
    alert.refresh_from_db()
    assert alert.status == "resolved"


def test_several_at_once_do_not_change_its_labels_back_and_forth(k: Source) -> None:
    mapping.set_identity(actor=lead(), now=NOW, source_id=k.pk, mode="only", labels=["alertname"], folds=True)
    pods = [posted("A", labels={"alertname": "A", "pod": each}) for each in "xyz"]
    assert send("/in/k/api/v2/alerts", pods, pods, pods) == [200] * 3
    assert Alert.objects.get().labels["pod"] == "x" and AlertChange.objects.count() == 1


def test_what_fires_under_the_old_labels_stays(k: Source) -> None:
    alert = posted("A")
    send("/in/k/api/v2/alerts", [alert])
    mapping.set_identity(actor=lead(), now=NOW, source_id=k.pk, mode="only", labels=["alertname"])
    send("/in/k/api/v2/alerts", [alert])
    assert Alert.objects.filter(status="firing").count() == 2


@pytest.mark.django_db
def test_identity_is_checked_and_recorded() -> None:
    k = source()
    for wrong in ({"mode": "some"}, {"mode": "only"}, {"mode": "only", "labels": ["x" * 201]}):
        with pytest.raises(Invalid):
            mapping.set_identity(actor=lead(), now=NOW, source_id=k.pk, **wrong)  # type: ignore[arg-type]
    mapping.set_identity(actor=lead(), now=NOW, source_id=k.pk, mode="only", labels=["b", "a"])
    mapping.set_identity(actor=lead(), now=NOW, source_id=k.pk, mode="only", labels=["a", "b"])
    k.refresh_from_db()
    assert k.identity == {"mode": "only", "labels": ["a", "b"], "folds": False}
    assert AuditEntry.objects.filter(action="source.identity").count() == 1
    assert identity.from_json({"mode": "odd"}) == identity.EVERY


@pytest.mark.django_db
def test_pages() -> None:
    k = source(kind="generic")
    client = signed_in("lead")
    page = f"/sources/{k.pk}/mapping"
    assert b"Nothing is saved yet" in client.get(page).content
    LastPayload.objects.create(source=k, at=NOW, endpoint="json", size=9, body=json.dumps(BODY).encode())
    ParkedPayload.objects.create(source=k, received_at=NOW, endpoint="json", raw=b'{"check": 1}', error="x")
    typed = {"labels": "alertname = check\nhost = host", "annotations": "summary = text"}
    tried = client.post(f"{page}/try", typed).content.decode()
    assert "db-3" in tried and "no space left" in tried and "1 alert" in tried
    assert "expression" in client.post(f"{page}/try", {"labels": "alertname"}).content.decode()
    assert "alertname" in client.post(f"{page}/try", {"labels": "alertname = a["}).content.decode()
    assert "BackOff" in client.post(f"{page}/try?example=kubernetes-events", {"alerts": "items", "labels": "alertname = reason"}).content.decode()  # fmt: skip  # noqa: E501
    assert b"involvedObject" in client.get(f"{page}?example=kubernetes-events").content
    wrong = client.post(page, {"labels": "alertname = a["})
    assert wrong.status_code == 422 and not MappingVersion.objects.exists()
    assert (
        client.post(page, typed).status_code == 302 and client.post(page, {**typed, "severity": "s"}).status_code == 302
    )
    assert client.post(f"{page}/1/restore").status_code == 302
    assert [each.number for each in queries.mapping_versions(k)] == [3, 2, 1]
    assert client.post(f"/sources/{k.pk}/replay-parked").status_code == 302
    assert Alert.objects.get().name == "1"
    known = f"/sources/{k.pk}/known-by"
    assert b"stays until it resolves" in client.get(known).content
    assert client.post(known, {"mode": "only", "labels": ""}).status_code == 422
    assert client.post(known, {"mode": "except", "labels": "pod, instance"}).status_code == 302
    k.refresh_from_db()
    assert k.identity["labels"] == ["instance", "pod"]
    assert b"Replay all" not in client.get(f"/sources/{k.pk}/").content


def test_whoever_begins_a_mapping_sees_what_came_in_and_no_error(k: Source) -> None:
    assert send("/in/k/json", BODY) == [400]
    client = signed_in()
    begun = client.post(f"/sources/{k.pk}/mapping/try", {}).content.decode()
    assert "Write an expression" in begun and "no space left" in begun and "form-errors" not in begun
    wrong = client.post(f"/sources/{k.pk}/mapping/try", {"labels": "host = ["}).content.decode()
    assert "form-errors" in wrong and "no space left" in wrong
    right = client.post(f"/sources/{k.pk}/mapping/try", {"labels": "alertname = check"}).content.decode()
    assert "1 alert" in right and "Backup" in right and "form-errors" not in right


@pytest.mark.django_db
def test_api() -> None:
    k = source(kind="generic")
    client, base = api(), f"/sources/{k.pk}"
    made = post(client, f"{base}/mapping", {"document": DOCUMENT, "note": "n"}, "put").json()
    assert (made["number"], made["document"]) == (1, DOCUMENT)
    bad = post(client, f"{base}/mapping", {"document": {"labels": {"a": "["}}}, "put")
    assert (bad.status_code, bad.json()["type"]) == (422, "urn:steward:problem:bad-mapping")
    tried = post(client, f"{base}/mapping/try", {"document": DOCUMENT, "body": json.dumps(BODY)}).json()
    assert tried["payloads"][0]["alerts"][0]["labels"] == {"alertname": "Backup", "host": "db-3"}
    assert post(client, f"{base}/mapping/try", {"document": {}}).json()["errors"]["labels"]
    assert post(client, f"{base}/mapping/1/restore").json()["number"] == 1  # it is the one in force
    assert len(client.get(f"/api/v1{base}/mapping").json()) == 1
    chosen = {"mode": "except", "labels": ["pod"], "folds": True}
    assert post(client, f"{base}/identity", chosen, "put").json() == chosen
    assert client.get(f"/api/v1{base}/identity").json() == chosen
    assert post(client, f"{base}/replay-parked").json() == {"read": 0, "failed": 0}
