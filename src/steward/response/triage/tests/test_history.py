"""What explains an incident outlives what was only recorded, and old groups go with their alerts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from steward.foundation import clock
from steward.foundation.history import cleanup
from steward.foundation.history.models import Cleanup
from steward.foundation.testing.races import race
from steward.people.audit.models import AuditEntry
from steward.response.incidents.models import Incident, IncidentAlert, TimelineEntry
from steward.response.triage import actions, queries, routing, writing
from steward.response.triage.models import AlertGroup, Decision, GroupMember
from steward.response.triage.tests.factories import ADMIN, NOW, fire, minutes, resolve, route
from steward.signals.alerts import retention
from steward.signals.alerts.models import Alert, AlertChange

LATER = NOW + timedelta(days=401)


def night(now: Any = LATER) -> Cleanup:
    """The whole nightly run."""
    Cleanup.objects.update_or_create(pk=cleanup.ONLY, defaults={"due_at": now})
    for _step in range(60):
        cleanup.take_steps([cleanup.ONLY], now)
        run = Cleanup.objects.get()
        if run.due_at and run.due_at > now:
            assert run.failed == {}
            return run
    raise AssertionError("the run does not end")


def story(name: str, **labels: str) -> None:
    fire(name, NOW, **labels)
    resolve(name, NOW + minutes(5), **labels)


@pytest.mark.django_db
def test_alerts_of_incidents_stay_with_all_that_explains_them() -> None:
    route('team="nobody"', opens_incident=False)
    route("")
    story("DiskFull")
    story("JustSaying", team="nobody")
    story("JustSaying", team="nobody")
    assert Incident.objects.get().status == "resolved"
    before = (TimelineEntry.objects.count(), IncidentAlert.objects.count(), AuditEntry.objects.count())
    run = night()
    assert run.removed["alerts"] == 1 and run.removed["alert changes"] == 3
    kept = Alert.objects.get()
    assert kept.name == "DiskFull"
    assert {each.outcome for each in Decision.objects.all()} == {"opened", "resolved"}
    assert AlertChange.objects.filter(alert=kept).count() == AlertChange.objects.count() == 2
    assert (TimelineEntry.objects.count(), IncidentAlert.objects.count()) == before[:2]
    entry = AuditEntry.objects.get(action="history.clean")
    assert AuditEntry.objects.count() == before[2] + 1
    assert entry.after == {"removed": {"alert changes": 3, "alerts": 1}}
    again = night(LATER + timedelta(days=1))
    assert sum(again.removed.values()) == 0
    assert AuditEntry.objects.filter(action="history.clean").count() == 1


@pytest.mark.django_db
def test_young_and_firing_alerts_stay() -> None:
    route('team="nobody"', opens_incident=False)
    fire("StillFiring", NOW, team="nobody")
    fire("Lately", LATER - minutes(60), team="nobody")
    resolve("Lately", LATER - minutes(50), team="nobody")
    night()
    assert {each.name for each in Alert.objects.all()} == {"StillFiring", "Lately"}
    assert Decision.objects.count() == 3


@pytest.mark.django_db
def test_a_group_goes_with_its_alerts_and_comes_again() -> None:
    route("", name="Slow", group_wait=600)
    story("Blip")
    group = AlertGroup.objects.get()
    assert group.due_at is not None, "the alert ended before its group's wait did"
    night()
    assert AlertGroup.objects.filter(pk=group.pk).exists(), "a group that waits was removed"
    assert Alert.objects.filter(name="Blip").exists(), "an alert of a group that waits was removed"
    actions.end_group_waits(now=LATER, group_ids=[group.pk])
    run = night(LATER + timedelta(days=1))
    assert (run.removed["alerts"], run.removed["alert groups"]) == (1, 1)
    assert not GroupMember.objects.exists()
    fire("Blip", LATER + timedelta(days=2))
    assert AlertGroup.objects.get().pk != group.pk


@pytest.mark.django_db(transaction=True)
def test_a_group_that_fills_while_it_is_removed_is_one_or_the_other() -> None:
    """An alert comes for an empty old group in the moment of the clean-up: it finds the group or makes it again."""
    made = route("", name="Slow")
    for turn in range(8):
        key = routing.rules.key_of(queries.spec(made), {"alertname": f"A{turn}"})
        AlertGroup.objects.create(route=made, key=key, labels={"alertname": f"A{turn}"}, created_at=NOW)

        def clean() -> int:
            with transaction.atomic():
                return actions.remove_empty_groups(NOW + timedelta(days=1), 0).removed

        results = race(clean, lambda turn=turn: fire(f"A{turn}", clock.now()))
        assert not any(isinstance(each, Exception) for each in results), results
        member = GroupMember.objects.get(alert__name=f"A{turn}")
        assert member.group.incident is not None


@pytest.mark.django_db(transaction=True)
def test_a_group_that_goes_between_two_statements_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    route("", name="Slow")
    hold, removed = writing.hold_groups, []

    def removing(places: Any) -> Any:
        if not removed:
            removed.append(AlertGroup.objects.all().delete()[0])
        return hold(places)

    monkeypatch.setattr(writing, "hold_groups", removing)
    fire("DiskFull")
    assert removed == [1]
    assert AlertGroup.objects.get().incident == Incident.objects.get()


@pytest.mark.django_db(transaction=True)
def test_an_old_alert_that_fires_again_during_the_run_is_kept_or_made_again() -> None:
    """Whichever is first, the alert that fires is there, with its incident."""
    for turn in range(6):
        name = f"Back{turn}"
        recording = route(f'team="t{turn}"', opens_incident=False)
        story(name, team=f"t{turn}")
        actions.update_route(actor=ADMIN, now=LATER, route_id=recording.pk, opens_incident=True)

        def clean() -> int:
            with transaction.atomic():
                retention.remove_old_changes(LATER, 0)
            with transaction.atomic():
                return retention.remove_old_alerts(LATER, 0).removed

        results = race(clean, lambda name=name, turn=turn: fire(name, LATER + minutes(1), team=f"t{turn}"))
        assert not any(isinstance(each, Exception) for each in results), results
        assert Alert.objects.get(name=name).status == "firing"
        assert IncidentAlert.objects.filter(alert__name=name).exists()
