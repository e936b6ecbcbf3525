"""Requests as they came: kept behind changes and not behind re-fires, the last of every source, who may see them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from steward.foundation.actors import Actor
from steward.foundation.database.rowsecurity import limited_to
from steward.people.accounts.models import Organisation
from steward.people.accounts.permissions import permissions_of
from steward.signals.alerts import actions, partitions, payloads, queries, retention
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.models import Alert, AlertChange, LastPayload, ParkedPayload, Payload, Source
from steward.signals.alerts.partitions import CHANGES, PAYLOADS
from steward.signals.alerts.tests.factories import NOW, call, lead, posted, source, stored, with_door
from steward.signals.alerts.tests.test_api import api
from steward.signals.alerts.tests.test_history import change
from steward.signals.alerts.tests.test_retention import LONG_AGO, THEN

V2 = "/in/k/api/v2/alerts"


@pytest.fixture
def k(transactional_db: None) -> Source:
    return source("k")


def send(*bodies: Any, **more: Any) -> None:
    async def story(app: Application) -> None:
        for body in bodies:
            assert (await call(app, V2, body, **more)).status == 200

    with_door(story)


def test_a_request_is_one_row_behind_all_the_changes_that_it_brought(k: Source) -> None:
    body = [posted("A"), posted("B"), posted("C")]
    send(body, headers=[(b"authorization", b"Bearer secret"), (b"user-agent", b"Prometheus")], query=b"token=x&a=b")
    kept = Payload.objects.get()
    assert json.loads(kept.raw) == body and kept.size == len(kept.raw) and kept.is_kept
    assert kept.context == {"query": "a=b", "headers": {"user-agent": "Prometheus"}}
    changes = list(AlertChange.objects.all())
    assert len(changes) == 3 and {(each.payload_id, each.at) for each in changes} == {(kept.pk, kept.at)}
    assert queries.last_payload_of(lead(), Alert.objects.get(name="B")) == kept


def test_what_changes_nothing_leaves_nothing_but_is_among_the_last(k: Source) -> None:
    alert, other = posted("A"), posted("B")
    send([alert], [alert], [alert])
    # Another process does not remember, and finds in the database that nothing changed.
    send([{**alert, "annotations": {"summary": "new words"}}])
    assert Payload.objects.count() == 1
    send([{**alert, "endsAt": alert["startsAt"]}, other])
    resolved = AlertChange.objects.get(status="resolved")
    assert Payload.objects.count() == 2 and resolved.payload_id == AlertChange.objects.get(alert__name="B").payload_id
    assert queries.payload_of(lead(), resolved) == Payload.objects.order_by("-at")[0]
    assert LastPayload.objects.filter(source=k).count() == 5


def test_the_last_of_a_source_are_twenty_and_a_flood_is_not_written(k: Source) -> None:
    body = [posted("A")]
    send(*[body] * 50)
    assert LastPayload.objects.count() == payloads.LAST_KEPT
    first = LastPayload.objects.order_by("id")[0]
    send([posted("B")])
    assert LastPayload.objects.count() == payloads.LAST_KEPT
    assert not LastPayload.objects.filter(pk=first.pk).exists()
    newest = queries.last_payloads(lead(), k)[0]
    assert json.loads(newest.raw)[0]["labels"]["alertname"] == "B"


def test_a_body_that_is_too_long_is_not_kept_but_said(k: Source) -> None:
    send([{**posted("A"), "annotations": {"text": "x" * 30_000, f"n{n}": "y" * 30_000}} for n in range(5)])
    kept = Payload.objects.get()
    assert not kept.is_kept and kept.raw == b"" and kept.size > payloads.MAX_BODY


@pytest.mark.parametrize("size", [0, 10, 1_999, 2_000, payloads.MAX_BODY])
def test_bodies_come_back_as_they_were(size: int) -> None:
    body = (b"\x00\xffab" * (size // 4 + 1))[:size]
    is_packed, stored_body = payloads.packed(body)
    assert payloads.unpacked(is_packed=is_packed, stored=stored_body) == body
    assert len(stored_body) <= size


@pytest.mark.django_db
def test_a_replayed_payload_is_kept_too() -> None:
    k = source("k")
    parked = ParkedPayload.objects.create(
        source=k, received_at=NOW, endpoint="events", raw=b'{"name": "Late"}', error="x"
    )
    actions.replay_parked(actor=lead(), now=NOW, parked_id=parked.pk)
    assert queries.payload_of(lead(), AlertChange.objects.get()).raw == b'{"name": "Late"}'  # type: ignore[union-attr]


def kept_at(of: Source, at: Any) -> Payload:
    made = payloads.of(b"{}", source_id=of.pk, at=at, endpoint="events", context={})
    with connection.cursor() as cursor:
        cursor.execute(*payloads.keep([made]))
    return Payload.objects.get(pk=made.id, at=at)


@pytest.mark.django_db
def test_only_who_is_at_home_sees_payloads() -> None:
    acme = Organisation.objects.create(slug="acme", name="acme", kind="supplier")
    alert = stored(source())
    made = change(alert, NOW)
    kept = kept_at(alert.source, NOW)
    AlertChange.objects.filter(pk=made.pk).update(payload_id=kept.pk)
    made.refresh_from_db()
    external = Actor(
        kind="user", id=None, label="S", role="supplier", permissions=permissions_of("lead"),
        organisation_id=acme.pk, organisation_kind="supplier",
    )  # fmt: skip
    assert external.is_external
    assert queries.payload_of(external, made) is None and queries.last_payload_of(external, alert) is None
    assert not queries.last_payloads(external, alert.source).exists()
    LastPayload.objects.create(source=alert.source, at=NOW, endpoint="events", size=2, body=b"{}")
    with limited_to(acme.pk):
        assert not Payload.objects.exists() and not LastPayload.objects.exists()
    assert queries.payload_of(lead(), made) == kept


@pytest.mark.django_db
def test_the_api_and_the_page_show_it(client: Client) -> None:
    alert = stored(source())
    made, expired = change(alert, NOW), change(alert, NOW + timedelta(minutes=1))
    kept = kept_at(alert.source, NOW)
    AlertChange.objects.filter(pk=made.pk).update(payload_id=kept.pk)
    home = api("viewer")
    answer = home.get(f"/api/v1/alerts/{alert.pk}/changes/{made.pk}/payload").json()
    assert (answer["body"], answer["endpoint"], answer["size"]) == ("{}", "events", 2)
    assert home.get(f"/api/v1/alerts/{alert.pk}/payload").json() == answer
    flags = [each["has_payload"] for each in home.get(f"/api/v1/alerts/{alert.pk}/changes").json()["items"]]
    assert flags == [False, True]
    none = home.get(f"/api/v1/alerts/{alert.pk}/changes/{expired.pk}/payload")
    assert (none.status_code, none.json()["type"]) == (404, "urn:steward:problem:payload-not-found")
    assert home.get(f"/api/v1/alerts/{stored(source()).pk}/changes/{made.pk}/payload").status_code == 404
    LastPayload.objects.create(source=alert.source, at=NOW, endpoint="events", size=2, body=b"{}")
    assert [each["body"] for each in api().get(f"/api/v1/sources/{alert.source_id}/payloads").json()] == ["{}"]


@pytest.mark.django_db
def test_a_month_of_payloads_goes_after_its_changes_and_leaves_what_they_left() -> None:
    with connection.cursor() as cursor:
        for of in (CHANGES, PAYLOADS):
            partitions.make_ahead(cursor, LONG_AGO, of)
    alert = stored(source())
    old, newest = change(alert, LONG_AGO), change(alert, LONG_AGO + timedelta(minutes=1))
    first, second = (kept_at(alert.source, each.at) for each in (old, newest))
    for each, kept in ((old, first), (newest, second)):
        AlertChange.objects.filter(pk=each.pk).update(payload_id=kept.pk)
    later = LONG_AGO + timedelta(days=500)
    with transaction.atomic():
        assert retention.remove_old_payload_months(later, 0).removed == 0  # that month of changes is still there
    with transaction.atomic():
        retention.remove_old_months(later, 0)
        assert retention.remove_old_payload_months(later, 0).removed == 1
    assert list(Payload.objects.all()) == [second]
    with connection.cursor() as cursor:
        assert THEN not in partitions.present(cursor, PAYLOADS)
    AlertChange.objects.all().delete()
    with transaction.atomic():
        assert retention.remove_unneeded_payloads(later, 0).removed == 1


@pytest.mark.django_db
def test_a_source_with_a_shorter_history_loses_its_payloads_before() -> None:
    short, usual = source(history_days=30), source()
    mine, theirs = kept_at(short, NOW - timedelta(days=31)), kept_at(usual, NOW - timedelta(days=31))
    young = kept_at(short, NOW - timedelta(days=29))
    with transaction.atomic():
        assert retention.remove_unneeded_payloads(NOW, 0).removed == 1
    assert set(Payload.objects.all()) == {theirs, young} and mine.pk
