"""What the steps of a policy ask of an incident, and do to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from steward.response.incidents import actions, queries
from steward.response.incidents.models import Incident, IncidentAlert
from steward.response.incidents.tests.factories import NOW, actor, alert, incident, joining, user
from steward.response.notifications.models import Page
from steward.response.oncall import actions as oncall
from steward.response.oncall.models import Escalation
from steward.response.oncall.rules import Condition, Step
from steward.response.oncall.tests.factories import notify, policy, wait

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
RAISE = Step("raise_severity", severity="SEV1")


def run(found: Incident, now: Any = NOW) -> Escalation:
    escalation = Escalation.objects.get(subject_kind="incident", subject_id=found.pk)
    oncall.run_escalation(now=now, escalation_id=escalation.pk)
    escalation.refresh_from_db()
    return escalation


def again(found: Incident) -> Incident:
    return Incident.objects.get(pk=found.pk)


def paged() -> list[str]:
    return list(Page.objects.order_by("id").values_list("user__name", flat=True))


def only(who: Any, **condition: Any) -> Step:
    return Step("notify_user", who.pk, only_if=Condition(**condition))


def test_conditions_look_at_the_incident() -> None:
    ann, bob, cleo, dora = user("Ann"), user("Bob"), user("Cleo"), user("Dora")
    chosen = policy(
        only(ann, severity="SEV1"), only(bob, severity="SEV2"), only(cleo, alerts=2, minutes=10),
        only(dora, alerts=3, minutes=10), wait(5),
    )  # fmt: skip
    found = incident(alert(), alert(), alert(), policy_id=chosen.pk)  # three alerts, SEV2
    run(found)
    assert paged() == ["Bob", "Cleo"]


def test_alerts_count_while_they_are_young_or_fire_again() -> None:
    old, back = alert(), alert()
    found = incident(old, back)
    late = NOW + 30 * MINUTE
    assert queries.pressure(found.pk, [10, 60], late) == ("SEV2", {10: 0, 60: 2})
    IncidentAlert.objects.filter(incident=found, alert=back).update(firing=True)
    type(back).objects.filter(pk=back.pk).update(starts_at=late - MINUTE)
    assert queries.pressure(found.pk, [10], late)[1] == {10: 1}


def test_a_step_raises_the_severity_and_the_escalation_goes_on_where_it_is() -> None:
    ann, bob = user("Ann"), user("Bob")
    chosen = policy(notify(ann), RAISE, only(bob, severity="SEV1"), wait(5), name="Main")
    found = incident(policy_id=chosen.pk)
    escalation = run(found)
    now = again(found)
    assert (now.severity, now.severity_by_hand) == ("SEV1", False)
    assert paged() == ["Ann", "Bob"]  # nobody anew, and what follows knows the new severity
    assert (escalation.state, escalation.position) == ("running", 4)
    assert Page.objects.get(user=bob).reason["facts"]["severity"] == "SEV1"
    entry = found.timeline.get(kind="severity")
    assert (entry.text, entry.why) == ("Severity raised to SEV1", "Main, step 2 of 4")


def test_what_a_person_has_judged_stands() -> None:
    chosen = policy(notify(user("Ann")), RAISE, wait(5))
    found = incident(policy_id=chosen.pk)
    actions.set_severity(actor=actor(user("Lea")), now=NOW, incident_id=found.pk, severity="SEV3")
    run(found)
    assert again(found).severity == "SEV3"
    texts = list(found.timeline.values_list("text", flat=True))
    assert "Severity stays SEV3, as a person has set it" in texts
    assert "The severity stays as it is" in texts


def test_it_never_lowers_and_a_raise_that_is_none_is_said() -> None:
    chosen = policy(notify(user("Ann")), Step("raise_severity", severity="SEV4"), wait(5))
    found = incident(policy_id=chosen.pk)
    run(found)
    assert again(found).severity == "SEV2"
    assert "The severity stays as it is" in list(found.timeline.values_list("text", flat=True))


def test_an_end_before_anybody_was_paged_turns_it_red() -> None:
    user("Ada", role="administrator")
    chosen = policy(Step("continue_if", only_if=Condition(severity="SEV1")), notify(user("Ann")), wait(5))
    found = incident(policy_id=chosen.pk)
    run(found)
    assert again(found).unreached
    assert paged() == ["Ada"]


def test_an_alert_that_joins_later_is_counted_at_the_next_look() -> None:
    ann, bob = user("Ann"), user("Bob")
    chosen = policy(notify(ann), wait(5), only(bob, alerts=1, minutes=10), wait(5))
    found = incident(alert(), policy_id=chosen.pk)
    run(found)
    actions.alerts_changed(
        actor=actor(user("Lea")), now=NOW + 4 * MINUTE, incident_id=found.pk, firing=[joining(alert("Second"))]
    )
    run(found, NOW + 5 * MINUTE)
    assert paged() == ["Ann", "Bob"]
