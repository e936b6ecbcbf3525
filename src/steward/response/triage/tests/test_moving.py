"""An alert that changes while it fires: through the door of a sender with keys of its own, to people."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from steward.foundation import clock
from steward.response.incidents.models import Incident, IncidentAlert
from steward.response.notifications.models import Page
from steward.response.oncall import actions as oncall
from steward.response.oncall.models import Escalation
from steward.response.triage.models import Decision, GroupMember, Route
from steward.response.triage.tests.factories import (
    change,
    decisions,
    fire,
    incidents,
    notify,
    policy,
    process,
    resolve,
    route,
    user,
)
from steward.signals.alerts import actions as alerts
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.models import Alert, AlertChange
from steward.signals.alerts.tests.factories import call, source, with_door

PATH = "/in/k/v2/enqueue"


def event(action: str, severity: str = "warning", **custom: Any) -> dict[str, Any]:
    payload = {"summary": "Disk of db-3", "severity": severity, "source": "db-3", **custom}
    return {"routing_key": "x", "event_action": action, "dedup_key": "disk/db-3", "payload": payload}


def through_the_door(*events: dict[str, Any]) -> None:
    async def story(app: Application) -> None:
        for each in events:
            answer = await call(app, PATH, each)
            assert answer.status == 202, answer.body

    with_door(story)
    due = list(AlertChange.objects.filter(due_at__isnull=False).values_list("pk", flat=True))
    alerts.process_changes(now=clock.now(), ids=due)


def escalate() -> None:
    for each in Escalation.objects.filter(state="running"):
        oncall.run_escalation(now=clock.now() + timedelta(seconds=5), escalation_id=each.pk)


@pytest.mark.django_db(transaction=True)
def test_an_alert_that_gets_worse_raises_its_incident_and_people_hear_of_it() -> None:
    source("k", kind="pagerduty")
    person = user("ada")
    route("", group_by=[], policy_id=policy(notify(person)).pk)
    through_the_door(event("trigger", "warning"))
    escalate()
    assert [(each.severity, each.firing_count) for each in incidents()] == [("SEV3", 1)]
    told = Page.objects.count()
    through_the_door(event("trigger", "warning"), event("trigger", "critical"))
    escalate()
    (incident,) = incidents()
    assert (incident.severity, incident.alert_count, incident.firing_count) == ("SEV2", 1, 1)
    assert Alert.objects.get().severity == "critical"
    texts = list(incident.timeline.values_list("text", flat=True))
    assert "Disk of db-3 changed: severity: warning → critical" in texts and "Severity raised to SEV2" in texts
    assert Page.objects.count() == told + 1
    assert [each.reason["code"] for each in AlertChange.objects.order_by("id")] == ["new", "changed"]
    newest = AlertChange.objects.latest("id")
    assert [outcome for outcome, _route in decisions(newest)] == ["joined"]
    assert newest.reason["before"] == {"severity": "warning"}


@pytest.mark.django_db(transaction=True)
def test_one_that_was_better_and_worse_within_a_batch_ends_where_its_sender_left_it() -> None:
    source("k", kind="pagerduty")
    route("", group_by=[])
    through_the_door(event("trigger", "warning"), event("trigger", "critical"), event("trigger", "info"))
    assert [each.severity for each in incidents()] == ["SEV4"]
    assert sorted(Decision.objects.values_list("outcome", flat=True)) == ["opened", "overtaken", "overtaken"]


@pytest.mark.django_db(transaction=True)
def test_it_moves_to_the_group_that_its_labels_lead_to_now() -> None:
    source("k", kind="pagerduty")
    route("", group_by=["severity"])
    through_the_door(event("trigger", "warning"))
    through_the_door(event("trigger", "critical"))
    old, new = incidents()
    assert (old.status, old.firing_count, new.status, new.firing_count) == ("resolved", 0, "open", 1)
    assert old.timeline.filter(text="Disk of db-3 left").count() == 1
    firing = GroupMember.objects.filter(firing=True)
    assert [member.group.labels for member in firing] == [{"severity": "critical"}]
    through_the_door(event("resolve"))
    assert {each.status for each in incidents()} == {"resolved"}
    assert not GroupMember.objects.filter(firing=True).exists()


@pytest.mark.django_db(transaction=True)
def test_it_moves_to_another_route() -> None:
    source("k", kind="pagerduty")
    route('severity="critical"', name="Bad", group_by=[])
    route("", name="Other", group_by=[])
    through_the_door(event("trigger", "warning"))
    through_the_door(event("trigger", "critical"))
    assert [each.status for each in incidents()] == ["resolved", "open"]
    assert decisions(AlertChange.objects.latest("id")) == [("resolved", "Other"), ("opened", "Bad")]


@pytest.mark.django_db
def test_the_old_incident_goes_on_with_what_still_fires_in_it() -> None:
    route("", group_by=["severity"])
    first, _second = fire("Disk", severity="warning"), fire("Cpu", severity="warning")
    alert = first.alert
    alert.labels, alert.severity = {**alert.labels, "severity": "critical"}, "critical"
    alert.save()
    made = AlertChange.objects.create(
        alert=alert, at=first.at, status="firing", starts_at=first.at, due_at=first.at,
        reason={"code": "changed", "before": {"severity": "warning"}, "after": {"severity": "critical"}},
    )  # fmt: skip
    process(made)
    assert [(each.status, each.firing_count) for each in incidents()] == [("open", 1), ("open", 1)]
    assert IncidentAlert.objects.filter(firing=True).count() == 2
    process(made)
    assert Incident.objects.count() == 2


@pytest.mark.django_db
def test_an_end_reaches_the_incident_that_the_routes_of_then_opened() -> None:
    made = route("", group_by=["alertname"])
    fire("Disk")
    Route.objects.filter(pk=made.pk).update(group_by=["severity"], version=2)
    resolve("Disk")
    assert [each.status for each in incidents()] == ["resolved"]
    assert not GroupMember.objects.filter(firing=True).exists()
    assert json.dumps(change("Disk").reason)
