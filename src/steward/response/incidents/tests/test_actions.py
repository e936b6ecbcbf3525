"""What each action does to an incident, its timeline, its audit and its escalation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from steward.foundation.actors import Actor, system
from steward.foundation.database.rowsecurity import limited_to
from steward.foundation.errors import Forbidden, Invalid
from steward.foundation.testing.races import race
from steward.people.audit.models import AuditEntry
from steward.response.incidents import actions, due
from steward.response.incidents.errors import IncidentClosedAlready, IncidentNotFound, NotResolved
from steward.response.incidents.models import Incident
from steward.response.incidents.tests.factories import (
    ENGINE,
    NOW,
    actor,
    alert,
    fired,
    incident,
    joining,
    service,
    supplier,
    user,
)
from steward.response.oncall.models import Escalation
from steward.response.oncall.tests.factories import notify, policy

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=2)


def again(found: Incident) -> Incident:
    return Incident.objects.get(pk=found.pk)


def kinds(found: Incident) -> list[str]:
    return list(found.timeline.values_list("kind", flat=True))


def running(found: Incident) -> int:
    return Escalation.objects.filter(subject_kind="incident", subject_id=found.pk, state="running").count()


def do(name: str, found: Incident, who: Actor = ENGINE, **values: Any) -> Any:
    return getattr(actions, name)(actor=who, now=LATER, incident_id=found.pk, **values)


def test_opening_writes_the_timeline_the_audit_and_starts_the_escalation() -> None:
    portal = service("Claims portal", supplier=supplier("Acme"))
    found = incident(alert(), alert(), service_id=portal.pk, policy_id=policy(notify(user())).pk)
    assert found.ref == f"INC-{found.number}"
    assert again(found).supplier == portal.supplier
    assert (again(found).alert_count, again(found).firing_count) == (2, 2)
    assert kinds(found)[0] == "opened"
    assert kinds(found).count("alert") == 2
    assert running(found) == 1
    assert AuditEntry.objects.filter(action="incident.open", subject_id=found.pk).count() == 1


def test_messages_get_the_bare_title_with_severity_and_service_as_facts() -> None:
    portal = service("Claims portal")
    incident(title="Disk full on db-3", service_id=portal.pk, policy_id=policy(notify(user())).pk)
    message = Escalation.objects.get().snapshot["message"]
    assert message["title"] == "Disk full on db-3"
    assert message["facts"] == {"severity": "SEV2", "service": "Claims portal"}


def test_without_a_policy_the_timeline_says_that_nobody_is_paged() -> None:
    entry = incident().timeline.get(kind="escalation")
    assert "Nobody is paged" in entry.text
    assert entry.why


def test_acknowledging_stops_the_escalation_and_happens_once() -> None:
    found, who = incident(policy_id=policy(notify(user())).pk), user()
    do("acknowledge", found, actor(who))
    do("acknowledge", found, actor(user()))
    now = again(found)
    assert (now.status, now.assignee, now.acknowledged_at) == ("acknowledged", who, LATER)
    assert kinds(found).count("acknowledged") == 1
    assert running(found) == 0
    entry = found.timeline.get(kind="acknowledged")
    assert entry.actor_label == str(who)
    assert "2 min" in entry.why
    assert AuditEntry.objects.filter(action="incident.acknowledge").count() == 1


def test_acknowledging_keeps_who_has_it() -> None:
    found, ann = incident(), user()
    do("assign", found, assignee_id=ann.pk)
    do("acknowledge", found, actor(user()))
    assert again(found).assignee == ann


def test_the_last_alert_resolves_the_incident_and_only_the_last() -> None:
    one, two = alert(), alert()
    found = incident(one, two, policy_id=policy(notify(user())).pk)
    do("alerts_changed", found, resolved=[joining(one, firing=False)])
    assert (again(found).status, again(found).firing_count) == ("open", 1)
    do("alerts_changed", found, resolved=[joining(two, firing=False)])
    now = again(found)
    assert (now.status, now.resolved_at, now.firing_count) == ("resolved", LATER, 0)
    assert fired(found) == [False, False]
    assert running(found) == 0


def test_an_incident_stays_open_if_its_route_does_not_resolve() -> None:
    one = alert()
    found = incident(one)
    do("alerts_changed", found, resolved=[joining(one, firing=False)], auto_resolve=False)
    assert again(found).status == "open"


def test_an_alert_cannot_fire_into_what_is_over() -> None:
    """It would ring nobody: whoever routes it must reopen the incident or open a new one."""
    found = incident(alert())
    do("resolve", found)
    with pytest.raises(NotResolved):
        do("alerts_changed", found, firing=[joining(alert())])
    assert again(found).alert_count == 1


def test_members_are_settled_after_somebody_resolved_the_incident_by_hand() -> None:
    one = alert()
    found = incident(one)
    do("resolve", found)
    do("alerts_changed", found, resolved=[joining(one, firing=False)])
    assert (fired(found), again(found).firing_count, again(found).status) == ([False], 0, "resolved")


def test_joining_twice_is_joining_once() -> None:
    one = alert()
    found = incident(one)
    do("alerts_changed", found, firing=[joining(one)])
    assert again(found).alert_count == 1
    assert kinds(found).count("alert") == 1


def test_many_alerts_make_few_entries() -> None:
    found = incident(*[alert() for _n in range(50)])
    assert again(found).alert_count == 50
    assert kinds(found).count("alert") <= 4


def test_reopening_starts_the_escalation_anew() -> None:
    found = incident(policy_id=policy(notify(user())).pk)
    do("resolve", found)
    do("reopen", found, why="it is back")
    now = again(found)
    assert (now.status, now.resolved_at, now.reopened, now.due_at) == ("open", None, 1, None)
    assert running(found) == 1
    assert found.timeline.get(kind="reopened").why == "it is back"


def test_a_quiet_incident_closes_and_closed_is_closed() -> None:
    found = incident()
    do("resolve", found)
    closes = again(found).due_at
    assert closes == LATER + timedelta(hours=24)
    actions.close_if_due(actor=due.ENGINE, now=closes - timedelta(seconds=1), incident_id=found.pk)
    assert again(found).status == "resolved"
    actions.close_if_due(actor=due.ENGINE, now=closes, incident_id=found.pk)
    assert (again(found).status, again(found).due_at) == ("closed", None)
    for verb in ("acknowledge", "resolve", "reopen"):
        with pytest.raises(IncidentClosedAlready):
            do(verb, found)
    with pytest.raises(IncidentClosedAlready):
        do("assign", found, assignee_id=None)


def test_an_open_incident_cannot_be_closed() -> None:
    with pytest.raises(NotResolved, match="Resolve it first"):
        do("close", incident())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("acknowledge", {}), ("resolve", {}), ("reopen", {}), ("close", {}), ("assign", {"assignee_id": None}),
        ("set_severity", {"severity": "SEV1"}), ("add_note", {"text": "hello"}),
    ],
)  # fmt: skip
def test_a_viewer_may_do_nothing(name: str, values: dict[str, Any]) -> None:
    found = incident()
    with pytest.raises(Forbidden):
        do(name, found, actor(role="viewer"), **values)
    assert kinds(found).count("opened") == found.timeline.exclude(kind="escalation").count()


def test_what_is_not_yours_does_not_exist() -> None:
    found = incident(service_id=service(supplier=supplier("Acme")).pk)
    stranger = actor(role="supplier", organisation=supplier("Other"))
    with pytest.raises(IncidentNotFound):
        do("acknowledge", found, stranger)
    assert again(found).status == "open"


def test_the_database_itself_hides_incidents_of_others() -> None:
    acme, other = supplier("Acme"), supplier("Other")
    theirs = incident(alert(), service_id=service(supplier=acme).pk)
    foreign = incident(alert(), service_id=service(supplier=other).pk)
    incident(alert())

    def seen(table: str, column: str) -> set[int]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {column} FROM {table}")
            return {row[0] for row in cursor.fetchall()}

    with limited_to(acme.pk):
        assert seen("incidents_incident", "id") == {theirs.pk}
        assert seen("incidents_timelineentry", "incident_id") == {theirs.pk}
        assert seen("incidents_incidentalert", "incident_id") == {theirs.pk}
        with connection.cursor() as cursor:
            cursor.execute("UPDATE incidents_incident SET title = 'taken' WHERE id = %s", [foreign.pk])
            assert cursor.rowcount == 0
    assert len(seen("incidents_incident", "id")) == 3


def test_wrong_values_are_refused_beside_their_field() -> None:
    found = incident()
    for name, values, field in (
        ("set_severity", {"severity": "SEV9"}, "severity"),
        ("assign", {"assignee_id": 10**12}, "assignee"),
        ("add_note", {"text": " \n"}, "text"),
    ):
        with pytest.raises(Invalid) as error:
            do(name, found, **values)
        assert field in error.value.fields
    for field, bad in (
        ("title", {"title": " "}),
        ("service", {"service_id": 10**12}),
        ("policy", {"policy_id": 10**12}),
    ):
        with pytest.raises(Invalid) as error:
            actions.declare(actor=actor(), now=NOW, **{"title": "Phones", "severity": "SEV1", **bad})
        assert field in error.value.fields
    assert Incident.objects.count() == 1


def test_someone_inactive_cannot_be_given_work() -> None:
    with pytest.raises(Invalid):
        do("assign", incident(), assignee_id=user(is_active=False).pk)


def test_nobody_reached_is_red_until_somebody_acknowledges() -> None:
    found = incident()
    do("note_response", found, kind="unreached", text="Nobody could be reached", unreached=True)
    assert again(found).unreached
    do("acknowledge", found)
    assert not again(found).unreached
    do("note_response", found, kind="unreached", text="Nobody could be reached", unreached=True)
    assert not again(found).unreached


def test_every_write_is_a_new_revision() -> None:
    found = incident()
    before = again(found).revision
    do("add_note", found, text="one")
    do("add_note", found, text="two")
    assert again(found).revision == before + 2


@pytest.mark.django_db(transaction=True)
def test_of_two_acknowledgements_at_once_one_counts() -> None:
    found = incident(policy_id=policy(notify(user())).pk)
    ann, bob = actor(), actor()
    results = race(lambda: do("acknowledge", found, ann), lambda: do("acknowledge", found, bob))
    assert all(isinstance(result, Incident) for result in results), results
    assert kinds(found).count("acknowledged") == 1
    assert len({result.assignee_id for result in results}) == 1
    assert AuditEntry.objects.filter(action="incident.acknowledge").count() == 1
    assert running(found) == 0


@pytest.mark.django_db(transaction=True)
def test_the_last_two_alerts_resolved_at_once_resolve_the_incident() -> None:
    """Each of two transactions that counted without the lock would see the other's alert still firing."""
    one, two = alert(), alert()
    found = incident(one, two)
    race(
        lambda: do("alerts_changed", found, resolved=[joining(one, firing=False)]),
        lambda: do("alerts_changed", found, resolved=[joining(two, firing=False)]),
    )
    assert (again(found).status, again(found).firing_count) == ("resolved", 0)
    assert kinds(found).count("resolved") == 1


@pytest.mark.django_db(transaction=True)
def test_an_alert_that_joins_while_the_last_one_resolves_is_not_lost() -> None:
    one, two = alert(), alert()
    found = incident(one)
    joined, _resolved = race(
        lambda: do("alerts_changed", found, firing=[joining(two)]),
        lambda: do("alerts_changed", found, resolved=[joining(one, firing=False)]),
    )
    now = again(found)
    if isinstance(joined, NotResolved):  # the other was first: the caller opens a new incident or reopens
        assert (now.status, now.firing_count) == ("resolved", 0)
    else:
        assert (now.status, now.firing_count) == ("open", 1)


def test_numbers_are_unique_and_grow() -> None:
    numbers = [incident().number for _n in range(3)]
    assert numbers == sorted(set(numbers))


def test_the_system_acts_under_its_name() -> None:
    found = incident()
    actions.resolve(actor=system("engine"), now=LATER, incident_id=found.pk)
    assert found.timeline.get(kind="resolved").actor_label == "engine"
