"""What must not page is held with its reason, and judged anew when the reason ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from steward.algorithms.matching import parse_matchers
from steward.estate.configuration import actions as estate
from steward.estate.configuration import queries as configuration
from steward.response.incidents import actions as incident_actions
from steward.response.oncall.models import Escalation
from steward.response.suppression import actions as suppression
from steward.response.triage import actions, releasing
from steward.response.triage.errors import BadRoute
from steward.response.triage.models import Decision, Hold, Notice, Reconsideration
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
from steward.signals.alerts.models import Alert

pytestmark = pytest.mark.django_db


def seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


def silence(matchers: str = 'alertname="DiskFull"', start: int = 0, end: int = 60):
    plan = suppression.Plan(NOW + minutes(start), NOW + minutes(end))
    wish = suppression.Wish(parse_matchers(matchers), "known", plan)
    return suppression.create_silence(actor=ADMIN, now=NOW, wish=wish)


def judge_due(at) -> None:
    """What the engine does with holds, and with the question whether incidents are to be quiet."""
    releasing.reconsider(now=at, key=1)
    due = list(Hold.objects.filter(due_at__lte=at).values_list("pk", flat=True))
    releasing.judge_anew(now=at, hold_ids=due)


def test_a_silenced_alert_pages_nobody_and_says_why() -> None:
    route()
    made = silence()
    fired = fire()
    assert incidents() == []
    assert decisions(fired) == [("silence", "")]
    standing = Alert.objects.get().standing
    assert standing["kind"] == "silence" and standing["id"] == made.pk
    decision = Decision.objects.get()
    assert "known" in decision.reason and decision.data["held"]["id"] == made.pk


def test_what_a_silence_held_pages_when_it_is_expired() -> None:
    route(policy_id=policy(notify(user()), wait(5)).pk)
    made = silence()
    fired = fire()
    later = NOW + minutes(10)
    suppression.expire_silence(actor=ADMIN, now=later, silence_id=made.pk)
    judge_due(later)
    assert [each.status for each in incidents()] == ["open"]
    assert [outcome for outcome, _route in decisions(fired)] == ["silence", "opened"]
    assert Alert.objects.get().standing is None and not Hold.objects.exists()
    assert Escalation.objects.get().state == "running"


def test_an_alert_that_resolves_while_it_is_held_never_pages() -> None:
    route()
    made = silence()
    fire()
    resolve(at=NOW + minutes(5))
    assert Alert.objects.get().standing is None
    later = NOW + minutes(10)
    suppression.expire_silence(actor=ADMIN, now=later, silence_id=made.pk)
    judge_due(later)
    assert incidents() == []


def test_an_incident_whose_alerts_are_all_silenced_goes_quiet_and_speaks_again() -> None:
    route(policy_id=policy(notify(user()), wait(5)).pk)
    fire()
    made = silence()
    judge_due(NOW)
    incident = incidents()[0]
    assert incident.quiet_since == NOW and incident.status == "open"
    assert [each.state for each in Escalation.objects.all()] == ["stopped"]
    later = NOW + minutes(3)
    suppression.expire_silence(actor=ADMIN, now=later, silence_id=made.pk)
    judge_due(later)
    assert incidents()[0].quiet_since is None
    assert [each.state for each in Escalation.objects.order_by("id")] == ["stopped", "running"]


def test_an_incident_with_another_alert_stays_loud() -> None:
    route(group_by=[])
    process(change("DiskFull"), change("Other"))
    silence()
    judge_due(NOW)
    assert incidents()[0].quiet_since is None


def inhibit(source: str = 'severity="critical"', target: str = 'severity="warning"', equal=("host",)):
    return actions.save_inhibition(
        actor=ADMIN, now=NOW, name="Worse wins", source=source, target=target, equal=list(equal)
    )


def test_an_alert_is_inhibited_while_its_source_fires_and_pages_afterwards() -> None:
    route(group_by=["..."])
    inhibit()
    fire("HostDown", host="a")
    muted = fire("Slow", host="a", severity="warning")
    free = fire("Slow", host="b", severity="warning")
    assert decisions(muted)[0][0] == "inhibition" and decisions(free)[0][0] == "opened"
    assert Alert.objects.get(pk=muted.alert_id).standing["by"] == Alert.objects.get(name="HostDown").pk
    resolve("HostDown", at=NOW + minutes(1), host="a")
    judge_due(NOW + minutes(1))
    assert [outcome for outcome, _route in decisions(muted)] == ["inhibition", "opened"]


def test_two_sources_must_both_end() -> None:
    route(group_by=["..."])
    inhibit()
    fire("HostDown", host="a")
    fire("DiskDead", host="a")
    muted = fire("Slow", host="a", severity="warning")
    resolve("HostDown", at=NOW + minutes(1), host="a")
    judge_due(NOW + minutes(1))
    assert decisions(muted)[-1][0] == "inhibition"
    resolve("DiskDead", at=NOW + minutes(2), host="a")
    judge_due(NOW + minutes(2))
    assert decisions(muted)[-1][0] == "opened"


def test_alerts_that_match_both_sides_do_not_silence_each_other() -> None:
    route(group_by=["..."])
    inhibit(source='team="x"', target='team="x"', equal=())
    process(change("A", team="x"), change("B", team="x"))
    assert len(incidents()) == 2


def test_a_rule_counts_for_what_fires_already() -> None:
    route(group_by=["..."])
    fire("HostDown", host="a")
    inhibit()
    assert decisions(fire("Slow", host="a", severity="warning"))[0][0] == "inhibition"


def test_a_flapping_alert_is_told_once_and_its_end_counts_when_it_is_quiet() -> None:
    actions.save_settings(actor=ADMIN, now=NOW, flap_changes=4, flap_window=600, flap_quiet=300)
    route(reopen_minutes=60)
    for number in range(3):
        fire(at=NOW + seconds(20 * number))
        last = resolve(at=NOW + seconds(20 * number + 10))
    assert decisions(last) == [("flapping", "")]
    assert len(incidents()) == 1 and incidents()[0].is_active
    assert Alert.objects.get().standing["kind"] == "flapping"
    judge_due(NOW + seconds(50) + seconds(299))
    assert incidents()[0].is_active
    judge_due(NOW + seconds(50) + seconds(300))
    assert [each.status for each in incidents()] == ["resolved"]
    assert Alert.objects.get().standing is None


def test_a_route_is_mute_in_its_times_and_speaks_after_them() -> None:
    actions.save_interval(
        actor=ADMIN, now=NOW, name="noon", spec=[{"times": [{"start_time": "12:00", "end_time": "13:00"}]}]
    )
    route(name="Day", mute_times=["noon"])
    fired = fire()
    assert decisions(fired) == [("muted", "Day")] and incidents() == []
    judge_due(NOW + minutes(59))
    assert incidents() == []
    judge_due(NOW + minutes(60))
    assert [outcome for outcome, _route in decisions(fired)] == ["muted", "opened"]


def test_a_child_takes_what_its_parent_would_have_taken() -> None:
    parent = route('team="data"', name="Data")
    route('severity="critical"', name="Data, bad", parent_id=parent.pk)
    assert decisions(fire(team="data")) == [("opened", "Data, bad")]
    assert decisions(fire(team="data", severity="warning")) == [("opened", "Data")]
    assert decisions(fire("Else")) == [("waiting", default_route().name)]


def test_a_route_cannot_stand_below_itself() -> None:
    top = route(name="Top")
    below = route(name="Below", parent_id=top.pk)
    with pytest.raises(BadRoute, match="below itself"):
        actions.update_route(actor=ADMIN, now=NOW, route_id=top.pk, parent_id=below.pk)


def test_a_storm_is_one_incident() -> None:
    made = route(group_by=["instance"], storm_groups=3)
    process(*[change("Down", instance=f"i{n}") for n in range(10)])
    assert len(incidents()) == 1
    storm = incidents()[0]
    assert storm.alert_count == 10 and "10" in storm.title and made.name in storm.title
    late = fire("Down", at=NOW + seconds(30), instance="i99")
    assert decisions(late)[0][0] == "storm" and incidents()[0].alert_count == 11
    process(*[change("Down", "resolved", NOW + minutes(1), instance=f"i{n}") for n in [*range(10), 99]])
    assert incidents()[0].status == "resolved"


def test_few_groups_are_no_storm() -> None:
    route(group_by=["instance"], storm_groups=3)
    process(*[change("Down", instance=f"i{n}") for n in range(3)])
    assert len(incidents()) == 3


def test_what_depends_on_something_broken_joins_its_incident() -> None:
    database = estate.create_service(actor=ADMIN, now=NOW, name="Database", match_labels={"service": "db"})
    shop = estate.create_service(actor=ADMIN, now=NOW, name="Shop", match_labels={"service": "shop"})
    estate.add_relation(
        actor=ADMIN, now=NOW, kind="depends_on", source_service_id=shop.pk, target_service_id=database.pk
    )
    configuration.forget()
    route()
    fire("DbDown", service="db")
    symptom = fire("ShopSlow", service="shop")
    assert len(incidents()) == 1 and incidents()[0].alert_count == 2
    assert decisions(symptom)[0][0] == "symptom"
    assert Decision.objects.get(change=symptom).data["path"] == ["Shop", "Database"]


def test_responders_hear_at_the_group_interval_that_alerts_joined() -> None:
    person = user()
    made = route(group_by=[], group_interval=300, repeat_interval=3600, policy_id=policy(notify(person)).pk)
    fire("A")
    incident = incidents()[0]
    incident_actions.acknowledge(actor=ADMIN, now=NOW, incident_id=incident.pk)
    incident_actions.assign(actor=ADMIN, now=NOW, incident_id=incident.pk, assignee_id=person.pk)
    fire("B", at=NOW + minutes(1))
    group = made.groups.get()
    assert group.due_at == NOW + minutes(5) and group.news
    actions.end_group_wait(now=NOW + minutes(5), group_id=group.pk)
    assert [(each.kind, each.firing) for each in Notice.objects.order_by("id")] == [("opened", 1), ("changed", 2)]
    group.refresh_from_db()
    # The next look without news is the first tick at which the repeat interval has passed.
    assert not group.news and group.due_at == NOW + minutes(65)
    actions.end_group_wait(now=NOW + minutes(65), group_id=group.pk)
    assert Notice.objects.latest("id").kind == "repeat"


def test_an_alert_that_began_long_ago_does_not_wait_for_its_group() -> None:
    route(group_wait=60)
    late = change("Old", at=NOW - minutes(10))
    process(late, at=NOW)
    assert decisions(late)[0][0] == "opened"
    assert decisions(fire("New"))[0][0] == "waiting"


def test_what_is_silenced_during_the_group_wait_does_not_open() -> None:
    made = route(group_wait=60)
    fire()
    silence()
    actions.end_group_wait(now=NOW + minutes(1), group_id=made.groups.get().pk)
    assert incidents() == [] and Alert.objects.get().standing["kind"] == "silence"


def test_maintenance_holds_what_is_in_its_scope_and_nothing_else() -> None:
    covered, other = service(name="Covered"), service(name="Other")
    for each, word in ((covered, "c"), (other, "o")):
        estate.update_service(actor=ADMIN, now=NOW, service_id=each.pk, match_labels={"service": word})
    route()
    plan = suppression.Plan(NOW, NOW + minutes(60))
    work = suppression.Work(title="Upgrade", plan=plan, service_ids=(covered.pk,))
    suppression.create_window(actor=ADMIN, now=NOW, work=work)
    assert decisions(fire("A", service="c"))[0][0] == "maintenance"
    assert decisions(fire("B", service="o"))[0][0] == "opened"


def test_what_fires_already_is_quiet_while_the_source_of_an_inhibition_fires() -> None:
    """No repeat and no escalation, as Alertmanager mutes further notifications; and people are paged when it ends."""
    route(policy_id=policy(notify(user()), wait(5)).pk, repeat_interval=600)
    actions.save_inhibition(
        actor=ADMIN,
        now=NOW,
        name="By rack",
        source='alertname="RackDown"',
        target='alertname="DiskFull"',
        equal=["rack"],
    )
    fire(rack="7")
    fire("Load", rack="7")
    held, other = incidents()
    fire("RackDown", at=NOW + minutes(1), rack="8")
    judge_due(NOW + minutes(1))
    held.refresh_from_db()
    assert held.quiet_since is None, "another rack"
    source = fire("RackDown", at=NOW + minutes(2), rack="7")
    judge_due(NOW + minutes(2))
    for each in (held, other):
        each.refresh_from_db()
    assert held.quiet_since == NOW + minutes(2) and other.quiet_since is None
    assert Alert.objects.get(name="DiskFull").standing["by"] == source.alert_id
    running = Escalation.objects.filter(state="running").values_list("subject_id", flat=True)
    assert held.pk not in running and other.pk in running
    resolve("RackDown", at=NOW + minutes(3), rack="7")
    judge_due(NOW + minutes(3))
    held.refresh_from_db()
    assert held.quiet_since is None
    assert Escalation.objects.filter(state="running", subject_id=held.pk).exists()


def test_a_source_that_fires_on_asks_nobody_to_look_again() -> None:
    actions.save_inhibition(
        actor=ADMIN,
        now=NOW,
        name="By rack",
        source='alertname="RackDown"',
        target='alertname="DiskFull"',
        equal=["rack"],
    )
    fire("RackDown", rack="7")
    judge_due(NOW)
    fire("RackDown", at=NOW + minutes(1), rack="7")
    assert not Reconsideration.objects.filter(due_at__isnull=False).exists()
