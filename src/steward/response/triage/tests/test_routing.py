"""From changed alerts to incidents, step by step, with the reason of every step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from steward.response.incidents import actions as incident_actions
from steward.response.incidents.models import Incident, TimelineEntry
from steward.response.oncall.models import Escalation
from steward.response.triage import actions, queries
from steward.response.triage.models import AlertGroup, Decision
from steward.response.triage.tests.factories import (
    ADMIN,
    NOW,
    change,
    decisions,
    default_route,
    fire,
    incidents,
    minutes,
    notify,
    policy,
    process,
    resolve,
    route,
    service,
    user,
    wait,
)

pytestmark = pytest.mark.django_db


def reason(made: object) -> str:
    return Decision.objects.get(change=made).reason


def test_an_alert_opens_an_incident_and_pages() -> None:
    chosen = policy(notify(user("Ann")))
    tier1 = service("Claims portal", match_labels={"service": "claims"})
    made_by = route('service="claims"', name="Tier 1", policy_id=chosen.pk, severity_map={"critical": "SEV1"})
    made = fire(service="claims")
    (incident,) = incidents()
    assert (incident.title, incident.severity, incident.service) == ("DiskFull is bad", "SEV1", tier1)
    assert incident.origin == {"kind": "route", "id": made_by.pk, "name": "Tier 1", "version": 1}
    assert (incident.alert_count, incident.firing_count) == (1, 1)
    assert Escalation.objects.get().subject_id == incident.pk
    assert decisions(made) == [("opened", "Tier 1")]
    assert reason(made) == (
        f'Opened {incident.ref} at once: it has service="claims"; grouped by alertname; its policy pages people.'
    )
    opened, joined = TimelineEntry.objects.filter(incident=incident).order_by("id")[:2]
    assert opened.why == 'route Tier 1, version 1 · it has service="claims"'
    assert (joined.text, joined.why) == ("DiskFull fires", "from Prometheus · grouped by alertname")


def test_alerts_of_a_group_join_its_incident_and_others_do_not() -> None:
    route(name="All", group_by=["alertname", "env"])
    first = fire(instance="a", env="prod")
    second = fire(instance="b", env="prod")
    third = fire(instance="c", env="test")
    prod, test = incidents()
    assert (prod.alert_count, test.alert_count) == (2, 1)
    assert [decisions(each) for each in (first, second, third)] == [
        [("opened", "All")], [("joined", "All")], [("opened", "All")],
    ]  # fmt: skip
    assert f"Joined {prod.ref}" in reason(second)


def test_the_default_route_catches_what_no_other_takes() -> None:
    route('team="data"', name="Data")
    made = fire(team="web")
    assert decisions(made) == [("waiting", "Everything else")]
    assert incidents() == []
    group = AlertGroup.objects.get()
    actions.end_group_wait(now=NOW + timedelta(seconds=30), group_id=group.pk)
    (incident,) = incidents()
    assert incident.severity == "SEV2"
    assert TimelineEntry.objects.filter(incident=incident, text="Nobody is paged").exists()
    assert not Escalation.objects.exists()


def test_group_wait_gathers_alerts_into_one_incident() -> None:
    route(name="Slow", group_wait=30)
    first = fire(instance="a")
    second = fire(instance="b", at=NOW + timedelta(seconds=20))
    gone = fire(instance="c", at=NOW + timedelta(seconds=20))
    early = resolve(instance="c", at=NOW + timedelta(seconds=25))
    group = AlertGroup.objects.get()
    # The wait is counted from the first alert; later ones do not make it longer.
    assert group.due_at == NOW + timedelta(seconds=30)
    actions.end_group_waits(now=NOW + timedelta(seconds=29), group_ids=[group.pk])
    assert incidents() == []
    actions.end_group_waits(now=NOW + timedelta(seconds=30), group_ids=[group.pk])
    actions.end_group_waits(now=NOW + timedelta(seconds=30), group_ids=[group.pk])
    (incident,) = incidents()
    assert incident.alert_count == 2
    assert [decisions(each) for each in (first, second)] == [[("opened", "Slow")], [("opened", "Slow")]]
    assert decisions(gone) == [("waiting", "Slow")]
    assert reason(early) == "Resolved within the group wait, before an incident was opened."
    assert "after the group wait of 30 s" in reason(first)
    group.refresh_from_db()
    assert (group.due_at, group.incident_id) == (None, incident.pk)


def test_what_is_over_before_the_wait_ends_opens_nothing() -> None:
    route(group_wait=30)
    fire()
    resolve(at=NOW + timedelta(seconds=10))
    group = AlertGroup.objects.get()
    actions.end_group_wait(now=NOW + timedelta(seconds=30), group_id=group.pk)
    group.refresh_from_db()
    assert (incidents(), group.due_at) == ([], None)
    # The next alert of the group waits anew.
    fire(at=NOW + minutes(5))
    group.refresh_from_db()
    assert group.due_at == NOW + minutes(5) + timedelta(seconds=30)


def test_the_last_resolved_alert_resolves_the_incident() -> None:
    route(name="All")
    fire(instance="a")
    fire(instance="b")
    first = resolve(instance="a", at=NOW + minutes(5))
    (incident,) = incidents()
    assert (incident.status, incident.firing_count) == ("open", 1)
    assert reason(first) == f"Resolved; other alerts of {incident.ref} still fire."
    last = resolve(instance="b", at=NOW + minutes(6))
    (incident,) = incidents()
    assert (incident.status, incident.resolved_at) == ("resolved", NOW + minutes(6))
    assert reason(last) == (f"Resolved, as the last firing alert of {incident.ref}: the incident resolves itself.")


def test_a_route_may_leave_resolving_to_people() -> None:
    route(auto_resolve=False)
    fire()
    made = resolve(at=NOW + minutes(5))
    (incident,) = incidents()
    assert (incident.status, incident.firing_count) == ("open", 0)
    assert "the route leaves it to people" in reason(made)


def test_firing_again_soon_reopens_and_later_opens_anew() -> None:
    route(name="All", reopen_minutes=10)
    fire()
    resolve(at=NOW + minutes(1))
    again = fire(at=NOW + minutes(11))
    (incident,) = incidents()
    assert (incident.status, incident.reopened, incident.firing_count) == ("open", 1, 1)
    assert decisions(again) == [("reopened", "All")]
    resolve(at=NOW + minutes(12))
    later = fire(at=NOW + minutes(23))
    old, new = incidents()
    assert (old.status, new.status, new.reopened) == ("resolved", "open", 0)
    assert decisions(later) == [("opened", "All")]


def test_reopening_starts_the_escalation_anew() -> None:
    route(policy_id=policy(notify(user()), wait(5)).pk)
    fire()
    resolve(at=NOW + minutes(1))
    assert [each.state for each in Escalation.objects.order_by("id")] == ["stopped"]
    fire(at=NOW + minutes(2))
    assert [each.state for each in Escalation.objects.order_by("id")] == ["stopped", "running"]


def test_members_are_settled_after_people_resolved_the_incident() -> None:
    route(reopen_minutes=0)
    fire()
    (incident,) = incidents()
    incident_actions.resolve(actor=ADMIN, now=NOW + minutes(1), incident_id=incident.pk)
    made = resolve(at=NOW + minutes(2))
    (incident,) = incidents()
    assert (incident.status, incident.resolved_at, incident.firing_count) == ("resolved", NOW + minutes(1), 0)
    assert reason(made) == f"Resolved; {incident.ref} was over already."


def test_a_route_that_only_records_opens_nothing() -> None:
    route('severity="info"', name="Info", opens_incident=False, policy_id=policy(notify(user())).pk)
    made = fire(severity="info")
    assert incidents() == []
    assert not AlertGroup.objects.exists()
    assert decisions(made) == [("recorded", "Info")]
    assert reason(made) == 'Recorded, no incident: it has severity="info", and the route only records.'


def test_two_routes_may_take_the_same_alert() -> None:
    route('env="prod"', name="Watch", continues=True, opens_incident=False)
    route('team="data"', name="Data", continues=True)
    route(name="Rest")
    made = fire(env="prod", team="data")
    assert decisions(made) == [("recorded", "Watch"), ("opened", "Data"), ("opened", "Rest")]
    assert len(incidents()) == 2


def test_a_switched_off_route_is_passed_by() -> None:
    passed = route(name="Off")
    actions.enable_route(actor=ADMIN, now=NOW, route_id=passed.pk, enabled=False)
    assert decisions(fire()) == [("waiting", "Everything else")]


def test_decisions_name_the_version_that_took_them() -> None:
    made = route(name="All")
    first = fire()
    actions.update_route(actor=ADMIN, now=NOW, route_id=made.pk, group_by=["alertname", "instance"])
    second = fire(instance="x")
    versions = Decision.objects.order_by("id").values_list("change_id", "route_version")
    assert list(versions) == [(first.pk, 1), (second.pk, 2)]


def test_a_worse_alert_raises_its_group_s_incident_by_the_route_s_map() -> None:
    made = route(name="Team", group_by=["team"], severity_map={"disaster": "SEV1", "*": "SEV4"})
    fire(team="a", severity="warning")
    actions.update_route(actor=ADMIN, now=NOW, route_id=made.pk, reopen_minutes=10)
    second = fire("Down", team="a", severity="disaster")
    third = fire("Slow", team="a", severity="warning")
    (found,) = incidents()
    assert (found.severity, found.alert_count) == ("SEV1", 3)
    (entry,) = found.timeline.filter(kind="severity")
    assert entry.why == "Down fires as SEV1 · route Team, version 2"
    assert entry.data["rule"] == {"kind": "route", "id": made.pk, "version": 2}
    assert reason(second).endswith("has open, and raised it to SEV1.")
    assert reason(third).endswith("has open: nobody is paged again.")


def test_several_changes_of_an_alert_in_one_batch_come_to_its_last() -> None:
    route(name="All")
    changes = [change(status="firing"), change(status="resolved"), change("Other", status="firing")]
    process(*changes)
    assert [each.title for each in incidents()] == ["Other is bad"]
    assert [decisions(each)[0][0] for each in changes] == ["overtaken", "resolved", "opened"]
    (opened,) = incidents()
    assert opened.firing_count == 1


def test_firing_and_resolved_together_do_not_resolve_an_incident_that_goes_on() -> None:
    route()
    fire(instance="a")
    process(
        change(instance="a", status="resolved", at=NOW + minutes(1)),
        change(instance="b", status="firing", at=NOW + minutes(1)),
        at=NOW + minutes(1),
    )
    (incident,) = incidents()
    assert (incident.status, incident.alert_count, incident.firing_count) == ("open", 2, 1)


def test_a_batch_handled_twice_changes_nothing() -> None:
    route()
    made = fire()
    before = (TimelineEntry.objects.count(), Decision.objects.count())
    process(made)
    assert (TimelineEntry.objects.count(), Decision.objects.count()) == before
    assert Incident.objects.get().alert_count == 1


def test_the_routes_service_wins_over_the_alerts() -> None:
    theirs = service("Claims", match_labels={"service": "claims"})
    ours = service("Storage")
    route('alertname="Slow"', service_id=ours.pk)
    route()
    fire("Slow", service="claims")
    fire("Other", service="claims")
    assert [each.service for each in incidents()] == [ours, theirs]


def test_a_title_without_a_summary_says_what_and_where() -> None:
    route()
    made = change("DiskFull", instance="db-1")
    made.alert.annotations = {}
    made.alert.save()
    process(made)
    assert incidents()[0].title == "DiskFull on db-1"


def test_a_storm_in_one_group_costs_as_much_as_a_few() -> None:
    route(name="All")
    fire("Warm", at=NOW - minutes(90))
    resolve("Warm", at=NOW - minutes(80))
    counts = []
    for number in (25, 200):
        changes = [change(f"Storm{number}", instance=f"i{n}") for n in range(number)]
        with CaptureQueriesContext(connection) as captured:
            process(*changes)
        counts.append(len(captured))
    assert [each.alert_count for each in incidents()][1:] == [25, 200]
    assert counts[0] == counts[1]
    entries = TimelineEntry.objects.filter(incident=incidents()[2], kind="alert")
    assert [each.text for each in entries] == ["Storm200 fires", "199 more alerts joined"]


def test_many_groups_are_opened_together() -> None:
    route(name="All", policy_id=None)

    def cost(number: int) -> int:
        changes = [change(f"Group{number}x{n}") for n in range(number)]
        with CaptureQueriesContext(connection) as captured:
            process(*changes)
        return len(captured)

    few, many = cost(2), cost(42)
    assert len(incidents()) == 44
    # What remains for each incident: its audit entry, and its timeline's word that nobody is paged.
    assert many - few <= 40 * 2


def test_trying_a_label_set_says_what_would_happen() -> None:
    ann = user("Ann")
    chosen = policy(notify(ann), wait(5), name="Main")
    tier1 = service("Claims", match_labels={"service": "claims"})
    route('team="web"', name="Web")
    taken = route('service="claims"', name="Tier 1", policy_id=chosen.pk, group_by=["service"], group_wait=30)
    trial = queries.try_labels(ADMIN, {"service": "claims", "severity": "critical", "alertname": "X"}, NOW)
    assert [(match.route.name, match.matched) for match in trial.walked if match.reached] == [
        ("Web", False), ("Tier 1", True),
    ]  # fmt: skip
    assert trial.unreached == 1
    (outcome,) = trial.outcomes
    assert (outcome.route.id, outcome.severity, outcome.group) == (taken.pk, "SEV2", {"service": "claims"})
    assert outcome.service == tier1.name
    assert outcome.then == "An incident opens after 30 s, and people are paged:"
    assert [[person.label for person in step.people] for step in outcome.pages] == [["Ann"], []]
    assert not AlertGroup.objects.exists()


def test_trying_labels_that_only_the_default_takes() -> None:
    (outcome,) = queries.try_labels(ADMIN, {"alertname": "X"}, NOW).outcomes
    assert outcome.route.id == default_route().pk
    assert outcome.pages == []
    assert outcome.then == "An incident opens after 30 s; nobody is paged."


def test_a_decision_is_told_in_the_readers_language() -> None:
    route(name="All")
    decision = Decision.objects.get(change=fire())
    assert decision.told == decision.reason and decision.told.startswith("Opened INC-")
    with translation.override("zh-hans"):
        assert decision.told != decision.reason and "INC-" in decision.told
        decision.data = {}
        assert decision.told == decision.reason, "one from before keeps its text"


def test_a_huge_incident_counts_what_joins_and_says_of_what() -> None:
    route(name="All", largest_group=30)
    first = [change("Disk", instance=f"a{n}", service="claims") for n in range(25)]
    process(*first)
    for batch in range(3):
        process(*[change("Disk", instance=f"b{batch}-{n}", service="portal") for n in range(10)])
    (found,) = incidents()
    assert (found.alert_count, found.firing_count) == (55, 55)
    assert found.breakdown["by"]["service"] == {"claims": 25, "portal": 30}
    assert found.breakdown["by"]["alertname"] == {"Disk": 55}
    told = TimelineEntry.objects.filter(incident=found, kind="alert").order_by("pk")
    summary = [each for each in told if each.data.get("summary")]
    assert [each.text for each in summary] == ["30 more alerts are counted only"]
    assert "portal 30, claims 25" in summary[0].data["detail"]
    assert told.count() == 3
