"""What is written, sealed, found when it was changed, and cut."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from steward.cli import ledger as command
from steward.foundation.testing.pages import check_queries
from steward.foundation.testing.races import race
from steward.people.audit.models import AuditEntry
from steward.response.ledger import actions, queries
from steward.response.ledger.models import Clock, Entry
from steward.response.ledger.rules import Checkpoint
from steward.response.notifications.models import Attempt, Delivery, DeliveryState, Page, PageState
from steward.response.notifications.tests.factories import ENGINE, NOW, page, page_of, user
from steward.response.oncall.tests.test_api import Api

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def whole_way(name: str = "Ann") -> Page:
    """A page that is made, tried, and arrives."""
    result = page(user(name), key=f"key {name}")
    made = page_of(result)
    delivery = Delivery.objects.get(page=made)
    attempt = Attempt.objects.create(delivery=delivery, number=1, key=f"try {made.pk}", started_at=NOW)
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.SENDING, leased_until=NOW)
    Attempt.objects.filter(pk=attempt.pk).update(outcome="sent", answer="250 queued as 4711", ended_at=NOW)
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.SENT, due_at=None, leased_until=None)
    Page.objects.filter(pk=made.pk).update(state=PageState.SENT, sent_at=NOW)
    return made


def tamper(sql: str, *values: Any) -> None:
    """As somebody who owns the database would: with the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ledger_append_only")
        cursor.execute(sql, values)
        cursor.execute("ALTER TABLE ledger_entry ENABLE TRIGGER ledger_append_only")


def codes(*kept: Checkpoint) -> list[tuple[int, str]]:
    return [(each.sequence, each.code) for each in queries.verify(kept).findings]


def test_every_step_is_written_and_no_address() -> None:
    made = whole_way()
    entries = list(Entry.objects.order_by("id"))
    assert {entry.page_id for entry in entries} == {made.pk} and {entry.user_id for entry in entries} == {made.user_id}
    said = [(entry.kind, entry.change.get("state") or entry.change.get("outcome", "")) for entry in entries]
    assert said == [
        ("page", "pending"), ("delivery", "waiting"), ("attempt", ""), ("delivery", "sending"), ("attempt", "sent"),
        ("delivery", "sent"), ("page", "sent"),
    ]  # fmt: skip
    first = entries[0].change
    assert (first["reason"]["why"], first["title"]) == ("on call for Application", made.title)
    assert len(first["body_sha256"]) == 64 and "body" not in first
    assert entries[4].change["answer"] == "250 queued as 4711"
    assert "example.org" not in json.dumps([entry.change for entry in entries])
    Delivery.objects.update(due_at=NOW + HOUR)  # when it is looked at again is no event
    assert Entry.objects.count() == len(entries)


def test_it_is_sealed_and_verified() -> None:
    whole_way("Ann")
    assert queries.state(NOW + timedelta(days=36500)).late == 7
    assert (actions.seal(), actions.seal()) == (7, 0)
    whole_way("Bob")
    assert actions.seal() == 7
    verdict = queries.verify()
    assert (verdict.whole, verdict.count, verdict.at) == (True, 14, queries.checkpoint())
    assert list(Entry.objects.order_by("sequence").values_list("sequence", flat=True)) == list(range(1, 15))


def test_the_database_refuses_to_change_what_is_written() -> None:
    whole_way()
    for sql in (
        "UPDATE ledger_entry SET change = '{}'", "DELETE FROM ledger_entry",
        "UPDATE ledger_entry SET sequence = 1, hash = 'x', user_id = 5 WHERE id = (SELECT min(id) FROM ledger_entry)",
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    actions.seal()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_entry SET sequence = sequence + 100")


def test_each_way_of_tampering_is_found() -> None:
    whole_way("Ann")
    whole_way("Bob")
    actions.seal()
    kept = queries.checkpoint()
    for sql, values, found in (
        (
            "UPDATE ledger_entry SET change = jsonb_set(change, '{answer}', '\"550 no\"') WHERE sequence = 5",
            (),
            "changed",
        ),
        ("UPDATE ledger_entry SET user_id = user_id + 1 WHERE sequence = 5", (), "changed"),
        ("UPDATE ledger_entry SET at = at + interval '1 hour' WHERE sequence = 5", (), "changed"),
        ("DELETE FROM ledger_entry WHERE sequence = 5", (), "missing"),
    ):
        savepoint = transaction.savepoint()
        tamper(sql, *values)
        assert codes() == [(5, found)], sql
        transaction.savepoint_rollback(savepoint)
    savepoint = transaction.savepoint()
    tamper("UPDATE ledger_entry SET sequence = -sequence WHERE sequence IN (5, 6)")
    tamper("UPDATE ledger_entry SET sequence = CASE sequence WHEN -5 THEN 6 ELSE 5 END WHERE sequence < 0")
    assert codes()[0] == (5, "changed")
    transaction.savepoint_rollback(savepoint)
    tamper("DELETE FROM ledger_entry WHERE sequence > 10")
    assert codes() == []  # what is cut off at the end leaves no trace in the database…
    assert codes(kept) == [(14, "tail")]  # …and a checkpoint knows
    tamper("UPDATE ledger_entry SET sequence = NULL, hash = NULL")
    tamper("UPDATE ledger_entry SET change = '{}' WHERE id = (SELECT min(id) FROM ledger_entry)")
    whole_way("Eve")
    actions.seal()
    assert codes() == []
    assert codes(kept) == [(14, "rewritten")]


@pytest.mark.django_db(transaction=True)
def test_two_engines_seal_at_once() -> None:
    for number in range(5):
        whole_way(f"Person {number}")
    results = race(actions.seal, actions.seal)
    assert sorted(results) == [0, 35]
    assert queries.verify().whole


@pytest.mark.django_db(transaction=True)
def test_an_engine_that_dies_while_it_seals_leaves_nothing_half_done() -> None:
    whole_way()

    def seal_and_die() -> None:
        with transaction.atomic():
            actions.seal()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seal_and_die()
    assert queries.checkpoint().sequence == 0
    assert actions.seal() == 7
    assert queries.verify().whole


def test_old_entries_go_and_the_rest_still_proves_itself() -> None:
    whole_way("Ann")
    actions.seal()
    tamper("UPDATE ledger_entry SET sequence = NULL, hash = NULL, at = at - interval '400 days'")
    whole_way("Bob")
    actions.seal()
    middle = datetime.now(UTC) - timedelta(days=100)
    kept = queries.checkpoint()
    assert actions.prune(actor=ENGINE, now=NOW, before=middle) == 7
    assert Entry.objects.order_by("sequence").values_list("sequence", flat=True)[0] == 8
    verdict = queries.verify([kept])
    assert (verdict.whole, verdict.count) == (True, 8)  # seven, and the entry that says so
    assert AuditEntry.objects.get(action="ledger.prune").after == {"removed": 7}
    tamper("DELETE FROM ledger_entry WHERE sequence = 8")
    assert codes() == [(8, "missing")]
    assert actions.prune(actor=ENGINE, now=NOW, before=datetime.now(UTC)) == 0  # what is broken is evidence


def test_the_clock_seals_and_checks_once_a_day() -> None:
    Clock.objects.all().delete()
    Clock.objects.create(due_at=NOW)
    whole_way()
    actions.run_clock(now=NOW - HOUR)
    assert queries.checkpoint().sequence == 0  # not due
    actions.run_clock(now=NOW)
    clock = Clock.objects.get()
    assert (clock.checked_through, clock.problem, clock.due_at) == (7, "", NOW + actions.PERIOD)
    whole_way("Bob")
    tamper(
        "UPDATE ledger_entry SET user_id = 0 WHERE sequence = 3"
    )  # before the last check: steward ledger verify finds it
    actions.run_clock(now=NOW + HOUR)
    assert Clock.objects.get().checked_at == NOW
    tamper("UPDATE ledger_entry SET user_id = 0 WHERE sequence = 9")
    actions.run_clock(now=NOW + timedelta(days=1))
    assert Clock.objects.get().problem == "changed:9"


def test_the_command(capsys: Any) -> None:
    whole_way()
    actions.seal()
    assert command.verify(Namespace(checkpoint=[], json=False)) == 0
    assert "7 entries" in capsys.readouterr().out
    assert command.checkpoint(Namespace()) == 0
    kept = capsys.readouterr().out.strip()
    assert kept.startswith("7:")
    assert command.verify(Namespace(checkpoint=["nonsense"], json=False)) == 2
    tamper("DELETE FROM ledger_entry WHERE sequence > 4")
    assert command.verify(Namespace(checkpoint=[kept], json=True)) == 1
    assert json.loads(capsys.readouterr().out)["findings"] == [{"entry": 7, "code": "tail"}]
    tamper("UPDATE ledger_entry SET user_id = 0 WHERE sequence = 2")
    assert command.prune(Namespace(days=0)) == 1
    assert "was changed" not in capsys.readouterr().out


def test_pages_and_api(client: Client) -> None:
    made = whole_way()
    actions.seal()
    client.force_login(user("Aud", role="auditor"))
    url = reverse("ledger:list")
    html = check_queries(client, url).content.decode()
    assert "250 queued as 4711" in html and str(queries.checkpoint()) in html
    assert "No entry fits" in client.get(url + "?page=0").content.decode()
    assert client.get(url + f"?page={made.pk}&kind=attempt&since=2020-01-01&until=nonsense").status_code == 200
    text = b"".join(client.get(reverse("ledger:export")).streaming_content).decode()  # type: ignore[attr-defined]
    assert text.count("\r\n") == 8 and queries.checkpoint().hash.hex() in text
    Clock.objects.all().delete()
    Clock.objects.create(due_at=NOW, problem="missing:3")
    assert "Entry 3 is missing" in client.get(url).content.decode()
    viewer = Client()
    viewer.force_login(user(role="viewer"))
    assert viewer.get(url).status_code == 403
    api = Api("auditor")
    found = api("GET", f"/ledger?page_id={made.pk}&limit=2")
    assert [each["sequence"] for each in found["items"]] == [7, 6]
    assert api("GET", "/ledger/state")["checkpoint"] == str(queries.checkpoint())
    assert api("GET", "/ledger?user_id=999999999")["items"] == []
