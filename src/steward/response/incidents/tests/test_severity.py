"""A worse alert raises the incident that it joins, and the right people hear of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from steward.foundation.actors import Actor
from steward.people.audit.models import AuditEntry
from steward.response.incidents import actions
from steward.response.incidents.actions import JoiningAlert, Rule
from steward.response.incidents.models import Incident, TimelineEntry
from steward.response.incidents.tests.factories import ENGINE, NOW, actor, alert, incident, service, user
from steward.response.notifications.models import Page
from steward.response.oncall import actions as oncall
from steward.response.oncall.models import Escalation
from steward.response.oncall.tests.factories import notify, policy, wait

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=2)
RULE = Rule("route Tier 1, version 3", {"kind": "route", "id": 1, "version": 3})


def worse(severity: str, name: str = "DiskFull") -> JoiningAlert:
    return JoiningAlert(alert(name).pk, name, "", True, {}, "from Prometheus", severity)


def join(found: Incident, *alerts: JoiningAlert) -> Incident:
    actions.alerts_changed(actor=ENGINE, now=LATER, incident_id=found.pk, firing=alerts, rule=RULE)
    found.refresh_from_db()
    return found


def do(name: str, found: Incident, who: Actor, **values: Any) -> Any:
    return getattr(actions, name)(actor=who, now=LATER, incident_id=found.pk, **values)


def told(found: Incident) -> list[TimelineEntry]:
    return list(found.timeline.filter(kind="severity").order_by("id"))


def escalations(found: Incident) -> list[str]:
    return list(Escalation.objects.filter(subject_id=found.pk).order_by("id").values_list("state", flat=True))


def run(now: Any = LATER) -> None:
    """What the engine does with a running escalation."""
    for each in Escalation.objects.filter(state="running"):
        oncall.run_escalation(now=now, escalation_id=each.pk)


def test_a_worse_alert_raises_and_the_timeline_says_why() -> None:
    found = join(incident(alert(), severity="SEV3"), worse("SEV2"), worse("SEV1", "Down"), worse("SEV4"))
    assert found.severity == "SEV1"
    (entry,) = told(found)
    assert entry.text == "Severity raised to SEV1"
    assert entry.why == "Down fires as SEV1 · route Tier 1, version 3"
    assert (entry.data["from"], entry.data["to"], entry.data["rule"]) == ("SEV3", "SEV1", RULE.data)
    assert AuditEntry.objects.filter(action="incident.severity", subject_id=found.pk).count() == 1


@pytest.mark.parametrize("severity", ["SEV2", "SEV3", "SEV4", ""])
def test_an_alert_that_is_not_worse_changes_nothing(severity: str) -> None:
    found = join(incident(alert(), severity="SEV2"), worse(severity))
    assert (found.severity, told(found), found.alert_count) == ("SEV2", [], 2)


def test_an_alert_that_fires_already_does_not_raise_again() -> None:
    bad = worse("SEV1")
    found = join(incident(severity="SEV3"), bad)
    Incident.objects.filter(pk=found.pk).update(severity="SEV3")
    assert join(found, bad).severity == "SEV3"


def test_an_alert_that_has_become_worse_raises_the_incident_that_it_fires_in() -> None:
    bad = worse("SEV3", "Down")
    found = join(incident(severity="SEV3"), bad)
    reason = {"code": "changed", "before": {"severity": "warning"}, "after": {"severity": "page", "zone": "x"}}
    changed = replace(bad, severity="SEV1", reason=reason)
    found = join(found, changed)
    assert (found.severity, found.alert_count, found.firing_count) == ("SEV1", 1, 1)
    assert [entry.text for entry in told(found)] == ["Severity raised to SEV1"]
    assert found.timeline.filter(text="Down changed: severity: warning → page, zone: — → x").count() == 1


def test_a_storm_of_changes_is_told_once() -> None:
    many = [worse("SEV3", f"Down{n}") for n in range(6)]
    found = join(incident(severity="SEV3"), *many)
    found = join(found, *[replace(each, severity="SEV2", reason={"code": "changed"}) for each in many])
    assert found.severity == "SEV2"
    assert found.timeline.filter(text="6 alerts changed").count() == 1


@pytest.mark.parametrize("severity", ["SEV2", "SEV4"])
def test_what_a_person_has_set_is_respected_and_noted_once(severity: str) -> None:
    found = incident(severity="SEV2")
    do("set_severity", found, actor(role="lead"), severity=severity)
    before = len(told(found))
    found = join(join(found, worse("SEV1", "Down")), worse("SEV1"), worse("SEV4"))
    assert found.severity == severity
    assert found.severity_by_hand
    (entry,) = told(found)[before:]
    assert entry.text == f"Severity stays {severity}, as a person has set it"
    assert entry.why == "Down fires as SEV1 · route Tier 1, version 3"


def test_a_declared_incident_has_its_severity_from_a_person() -> None:
    found = actions.declare(actor=actor(role="lead"), now=NOW, title="Phones are dead", severity="SEV3")
    assert join(found, worse("SEV1")).severity == "SEV3"


def test_an_open_incident_begins_its_escalation_anew() -> None:
    ann, ben = user("Ann"), user("Ben")
    portal = service("Claims portal")
    found = incident(
        severity="SEV3", service_id=portal.pk, policy_id=policy(notify(ann), wait(5), notify(ben), wait(5)).pk
    )
    run(NOW)
    run(NOW + timedelta(minutes=6))
    assert [page.user for page in Page.objects.order_by("id")] == [ann, ben]
    join(found, worse("SEV1"))
    assert escalations(found) == ["stopped", "running"]
    assert Page.objects.filter(state="cancelled").count() == 2, "what has not been sent says the old severity"
    run()
    page = Page.objects.order_by("id").last()
    assert page is not None
    assert (page.user, page.reason["facts"]) == (ann, {"severity": "SEV1", "service": "Claims portal"})


def test_an_escalation_that_is_over_begins_anew_too() -> None:
    found = incident(severity="SEV3", policy_id=policy(notify(user())).pk)
    run()
    assert escalations(found) == ["exhausted"]
    join(found, worse("SEV1"))
    assert escalations(found) == ["exhausted", "running"]


def test_without_a_policy_nobody_is_told() -> None:
    found = join(incident(severity="SEV3"), worse("SEV1"))
    assert found.severity == "SEV1"
    assert escalations(found) == []
    assert not Page.objects.exists()


def test_once_acknowledged_only_the_assignee_is_paged() -> None:
    ann = user("Ann")
    found = incident(severity="SEV3", policy_id=policy(notify(user("Ben"))).pk)
    do("acknowledge", found, actor(ann))
    Page.objects.all().delete()
    found = join(found, worse("SEV2"))
    assert (found.status, escalations(found)) == ("acknowledged", ["stopped"])
    (page,) = Page.objects.all()
    assert page.user == ann
    assert page.reason["why"] == "you are on it, and its severity was raised from SEV3 to SEV2"
    assert page.reason["facts"] == {"severity": "SEV2"}
    assert found.timeline.filter(kind="page", text="Paging Ann").exists()
    join(found, worse("SEV1"))
    assert Page.objects.count() == 2


@pytest.mark.parametrize("who", ["nobody", "unreachable"])
def test_an_acknowledgement_that_reaches_nobody_is_void(who: str) -> None:
    on_call = user("Ben")
    found = incident(severity="SEV3", policy_id=policy(notify(on_call)).pk)
    do("acknowledge", found, ENGINE if who == "nobody" else actor(user("Ann", email="")))
    found = join(found, worse("SEV1"))
    assert (found.status, found.acknowledged_at) == ("open", None)
    assert escalations(found) == ["stopped", "running"]
    assert found.timeline.filter(text="Open again: it was acknowledged as SEV3").exists()
    run()
    assert Page.objects.filter(user=on_call, state="pending").count() == 1


def test_a_reopened_incident_is_raised_before_it_escalates_once() -> None:
    disk = worse("SEV1")
    found = incident(severity="SEV3", policy_id=policy(notify(user())).pk)
    actions.resolve(actor=ENGINE, now=NOW, incident_id=found.pk)
    do("reopen", found, ENGINE, alerts=[disk], rule=RULE)
    found.refresh_from_db()
    assert (found.severity, found.status) == ("SEV1", "open")
    assert escalations(found) == ["stopped", "running"]
    message = Escalation.objects.get(state="running").snapshot["message"]
    assert message["facts"]["severity"] == "SEV1"


def test_a_severity_set_by_a_person_is_in_the_messages_that_follow() -> None:
    found = incident(severity="SEV3", policy_id=policy(notify(user()), wait(5), notify(user())).pk)
    do("set_severity", found, actor(role="lead"), severity="SEV1")
    assert escalations(found) == ["running"], "a person who changes it tells whom they want"
    run()
    page = Page.objects.order_by("id").last()
    assert page is not None and page.reason["facts"] == {"severity": "SEV1"}
