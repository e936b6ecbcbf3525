"""What people merge and split stays so when alerts fire again, end, are held, or come new."""

from __future__ import annotations

from datetime import timedelta

import pytest

from steward.algorithms.matching import parse_matchers
from steward.foundation.errors import Forbidden, Invalid
from steward.foundation.events import publish
from steward.people.audit.models import AuditEntry
from steward.response.incidents import actions
from steward.response.incidents import queries as incident_queries
from steward.response.incidents.errors import CannotMove, NotResolved
from steward.response.incidents.events import GroupsAsked
from steward.response.incidents.models import Incident, Move, TimelineEntry
from steward.response.oncall.models import Escalation
from steward.response.suppression import actions as suppression
from steward.response.triage import actions as triage
from steward.response.triage import releasing
from steward.response.triage.models import AlertGroup, GroupMember, Hold
from steward.response.triage.tests.factories import (
    ADMIN,
    NOW,
    actor,
    fire,
    incidents,
    minutes,
    notify,
    policy,
    resolve,
    route,
    user,
    wait,
)
from steward.signals.alerts.models import Alert

pytestmark = pytest.mark.django_db


def two() -> tuple[Incident, Incident]:
    """Two incidents of two groups."""
    fire("Disk")
    fire("Load")
    first, second = incidents()
    return first, second


def merge(left: Incident, into: Incident, at=NOW, why: str = "one disk") -> Incident:
    return actions.merge(actor=ADMIN, now=at, incident_id=left.pk, into_id=into.pk, why=why)


def split(incident: Incident, *alerts: Alert, at=NOW, **changes) -> Incident:
    values = {"title": "Its own", "severity": "SEV3", "alert_ids": [each.pk for each in alerts], **changes}
    return actions.split(actor=ADMIN, now=at, incident_id=incident.pk, **values)


def alert(**labels: str) -> Alert:
    return Alert.objects.get(labels__contains=labels)


def names(incident: Incident, *, firing: bool | None = None) -> set[str]:
    found = incident.memberships.all() if firing is None else incident.memberships.filter(firing=firing)
    return {f"{each.alert.name}{each.alert.labels.get('instance', '')}" for each in found.select_related("alert")}


def fresh(*found: Incident) -> None:
    for each in found:
        each.refresh_from_db()


def running() -> set[int]:
    return set(Escalation.objects.filter(state="running").values_list("subject_id", flat=True))


# -- merge


def test_a_merged_incident_is_closed_and_its_alerts_are_the_others() -> None:
    route(policy_id=policy(notify(user()), wait(5)).pk)
    left, into = two()
    merge(left, into)
    fresh(left, into)
    assert (left.status, left.state, left.merged_into_id) == ("closed", "merged", into.pk)
    assert (left.alert_count, into.alert_count, into.firing_count) == (0, 2, 2)
    assert names(into) == {"Disk", "Load"}
    assert running() == {into.pk}
    told = TimelineEntry.objects.filter(kind="merged").order_by("incident_id")
    assert [(each.incident_id, each.data["incident"], each.actor_label) for each in told] == [
        (left.pk, into.number, ADMIN.label), (into.pk, left.number, ADMIN.label),
    ]  # fmt: skip
    assert all("one disk" in each.why for each in told)
    audited = AuditEntry.objects.filter(action="incident.merge").values_list("subject_label", flat=True)
    assert set(audited) == {left.ref, into.ref}


def test_new_alerts_of_a_merged_group_join_the_other() -> None:
    route()
    left, into = two()
    merge(left, into)
    fire("Disk", at=NOW + minutes(1), instance="b")
    assert len(incidents()) == 2
    fresh(into)
    assert names(into) == {"Disk", "Diskb", "Load"}


def test_what_was_merged_into_what_is_merged_then_ends_up_in_the_last() -> None:
    route()
    left, into = two()
    fire("Net")
    last = incidents()[2]
    merge(left, into)
    merge(into, last)
    fire("Disk", at=NOW + minutes(1), instance="b")
    fresh(last)
    assert names(last) == {"Disk", "Diskb", "Load", "Net"}


def test_a_group_that_the_merge_could_not_take_follows_it() -> None:
    """Somebody held it at that moment: it points to the merged incident still."""
    route()
    left, into = two()
    merge(left, into)
    AlertGroup.objects.filter(labels={"alertname": "Disk"}).update(incident=left)
    fire("Disk", at=NOW + minutes(1), instance="b")
    fresh(into)
    assert len(incidents()) == 2 and "Diskb" in names(into)
    assert AlertGroup.objects.get(labels={"alertname": "Disk"}).incident_id == into.pk


def test_the_merged_incident_resolves_with_its_last_alert_of_both() -> None:
    route()
    left, into = two()
    merge(left, into)
    resolve("Disk", at=NOW + minutes(1))
    fresh(into)
    assert into.status == "open"
    resolve("Load", at=NOW + minutes(2))
    fresh(into)
    assert into.status == "resolved"


def test_the_worse_of_both_severities_stays_unless_a_person_has_set_it() -> None:
    route(severity_map={"critical": "SEV1", "warning": "SEV3"})
    fire("Disk")
    fire("Load", severity="warning")
    left, into = incidents()
    merge(left, into)
    fresh(into)
    assert into.severity == "SEV1"
    fire("Net", severity="warning")
    judged = incidents()[2]
    actions.set_severity(actor=ADMIN, now=NOW, incident_id=judged.pk, severity="SEV4")
    Incident.objects.filter(pk=judged.pk).update(severity_by_hand=True)
    merge(into, judged)
    fresh(judged)
    assert judged.severity == "SEV4"
    assert TimelineEntry.objects.filter(incident=judged, data__held="SEV1").exists()


def test_somebody_is_still_paged_when_the_other_has_no_policy() -> None:
    route('alertname="Disk"', policy_id=policy(notify(user()), wait(5)).pk)
    route('alertname="Load"')
    left, into = two()
    assert running() == {left.pk}
    merge(left, into)
    assert running() == {into.pk}


def test_who_is_on_the_merged_incident_is_on_the_other_if_nobody_is() -> None:
    route()
    left, into = two()
    person = user()
    actions.acknowledge(actor=actor(person), now=NOW, incident_id=left.pk)
    merge(left, into)
    fresh(into)
    assert into.assignee_id == person.pk


def test_notes_of_the_merged_incident_stand_on_the_others_timeline() -> None:
    route()
    left, into = two()
    actions.add_note(actor=ADMIN, now=NOW, incident_id=left.pk, text="the cable is loose")
    merge(left, into)
    fresh(into)
    texts = list(incident_queries.timeline(ADMIN, into).values_list("text", flat=True))
    assert "the cable is loose" in texts
    assert texts.count("Disk fires") == 0


def test_what_cannot_be_merged_says_what_to_do() -> None:
    route()
    left, into = two()
    with pytest.raises(CannotMove, match="itself"):
        merge(left, left)
    merge(left, into)
    with pytest.raises(CannotMove, match=f"{left.ref} was merged into {into.ref}"):
        merge(left, into)
    with pytest.raises(CannotMove, match=f"{left.ref} was merged into {into.ref}"):
        merge(into, left)
    resolve("Disk")
    resolve("Load")
    fire("Net")
    with pytest.raises(CannotMove, match="Reopen it first"):
        merge(incidents()[2], into)


def test_who_may_only_read_merges_and_splits_nothing() -> None:
    route()
    left, into = two()
    reader = actor(user(role="viewer"))
    with pytest.raises(Forbidden):
        actions.merge(actor=reader, now=NOW, incident_id=left.pk, into_id=into.pk)
    with pytest.raises(Forbidden):
        actions.split(actor=reader, now=NOW, incident_id=left.pk, alert_ids=[1], title="x", severity="SEV3")


# -- undoing a merge


def test_an_undone_merge_is_as_before_and_pages_again() -> None:
    route(policy_id=policy(notify(user()), wait(5)).pk, severity_map={"critical": "SEV1", "warning": "SEV3"})
    fire("Disk")
    fire("Load", severity="warning")
    left, into = incidents()
    merge(left, into)
    fire("Disk", at=NOW + minutes(1), instance="b")
    actions.undo_merge(actor=ADMIN, now=NOW + minutes(2), incident_id=left.pk, why="two disks")
    fresh(left, into)
    assert (left.status, left.merged_into_id, left.firing_count) == ("open", None, 2)
    assert names(left) == {"Disk", "Diskb"} and names(into) == {"Load"}
    assert into.severity == "SEV3"
    assert running() == {left.pk, into.pk}
    fire("Disk", at=NOW + minutes(3), instance="c")
    fresh(left)
    assert names(left) == {"Disk", "Diskb", "Diskc"}
    assert Move.objects.get().undone_at == NOW + minutes(2)


def test_what_ended_meanwhile_is_resolved_when_the_merge_is_undone() -> None:
    route()
    left, into = two()
    merge(left, into)
    resolve("Disk", at=NOW + minutes(1))
    actions.undo_merge(actor=ADMIN, now=NOW + minutes(2), incident_id=left.pk)
    fresh(left, into)
    assert (left.status, into.status) == ("resolved", "open")
    assert left.due_at is not None


def test_an_alert_that_both_had_stays_in_both() -> None:
    route(continues=True)
    route(group_by=["alertname", "instance"])
    fire("Disk")
    left, into = incidents()
    merge(left, into)
    fresh(into)
    assert into.alert_count == 1
    actions.undo_merge(actor=ADMIN, now=NOW + minutes(1), incident_id=left.pk)
    fresh(left, into)
    assert (left.firing_count, into.firing_count) == (1, 1)


def test_a_merge_is_not_undone_twice_or_out_of_what_is_over() -> None:
    route()
    left, into = two()
    merge(left, into)
    actions.resolve(actor=ADMIN, now=NOW, incident_id=into.pk)
    with pytest.raises(CannotMove, match="is over"):
        actions.undo_merge(actor=ADMIN, now=NOW, incident_id=left.pk)
    actions.reopen(actor=ADMIN, now=NOW, incident_id=into.pk)
    actions.undo_merge(actor=ADMIN, now=NOW, incident_id=left.pk)
    with pytest.raises(CannotMove, match="undone already"):
        actions.undo_merge(actor=ADMIN, now=NOW, incident_id=left.pk)


# -- split


def three() -> Incident:
    for instance in "abc":
        fire(instance=instance)
    (found,) = incidents()
    return found


def test_split_off_alerts_are_an_incident_of_their_own() -> None:
    rule = policy(notify(user()), wait(5))
    route()
    left = three()
    made = split(
        left, alert(instance="a"), policy_id=rule.pk, title="The disk of a", severity="SEV1", why="another rack"
    )
    fresh(left)
    assert (made.title, made.severity, made.severity_by_hand, made.split_from_id) == (
        "The disk of a", "SEV1", True, left.pk,
    )  # fmt: skip
    assert names(made) == {"DiskFulla"} and names(left) == {"DiskFullb", "DiskFullc"}
    assert (left.alert_count, left.firing_count, made.alert_count, made.firing_count) == (2, 2, 1, 1)
    assert running() == {made.pk}
    told = TimelineEntry.objects.filter(kind="split").order_by("incident_id")
    assert [(each.incident_id, each.data["incident"]) for each in told] == [
        (left.pk, made.number), (made.pk, left.number),
    ]  # fmt: skip


def test_split_off_alerts_fire_again_where_they_were_put() -> None:
    route()
    left = three()
    made = split(left, alert(instance="a"))
    resolve(at=NOW + minutes(1), instance="a")
    fresh(made, left)
    assert (made.status, left.status) == ("resolved", "open")
    fire(at=NOW + minutes(2), instance="a")
    fresh(made, left)
    assert (made.status, left.firing_count, made.firing_count) == ("open", 2, 1)
    fire(at=NOW + minutes(3), instance="d")
    fresh(left)
    assert "DiskFulld" in names(left)


def test_each_resolves_with_its_own_last_alert() -> None:
    route()
    left = three()
    made = split(left, alert(instance="a"))
    for instance in "bc":
        resolve(at=NOW + minutes(1), instance=instance)
    fresh(left, made)
    assert (left.status, made.status) == ("resolved", "open")


def test_a_split_off_alert_that_fires_after_the_reopen_window_is_its_groups_again() -> None:
    route(reopen_minutes=10)
    left = three()
    made = split(left, alert(instance="a"))
    resolve(at=NOW + minutes(1), instance="a")
    fire(at=NOW + minutes(30), instance="a")
    fresh(left, made)
    assert made.status == "resolved"
    assert names(left, firing=True) == {"DiskFulla", "DiskFullb", "DiskFullc"}
    assert GroupMember.objects.get(alert=alert(instance="a")).incident_id is None


def test_the_end_of_a_split_off_alert_is_seen_where_it_fires() -> None:
    """Also after its incident was resolved by hand a long time ago."""
    route(reopen_minutes=10)
    left = three()
    made = split(left, alert(instance="a"))
    actions.resolve(actor=ADMIN, now=NOW, incident_id=made.pk)
    resolve(at=NOW + minutes(60), instance="a")
    assert names(made, firing=True) == set()


def test_a_whole_group_leads_to_the_new_incident_with_what_comes() -> None:
    route()
    left, into = two()
    merge(left, into)
    asked = GroupsAsked(into.pk)
    publish(asked)
    disk = next(each for each in asked.found if "Disk" in each["label"])
    assert disk["alerts"] == [Alert.objects.get(name="Disk").pk]
    made = split(into, group_ids=[disk["id"]])
    fire("Disk", at=NOW + minutes(1), instance="b")
    assert names(made) == {"Disk", "Diskb"}
    fresh(into)
    assert names(into) == {"Load"}


def test_without_paging_it_is_as_it_was() -> None:
    rule = policy(notify(user()), wait(5))
    route(policy_id=rule.pk)
    left = three()
    person = user()
    actions.acknowledge(actor=actor(person), now=NOW, incident_id=left.pk)
    made = split(left, alert(instance="a"), policy_id=rule.pk, pages=False)
    assert (made.status, made.assignee_id) == ("acknowledged", person.pk)
    assert made.pk not in running()


def test_what_is_left_without_a_firing_alert_resolves_itself() -> None:
    route()
    left = three()
    for instance in "bc":
        resolve(at=NOW, instance=instance)
    split(left, alert(instance="a"))
    fresh(left)
    assert left.status == "resolved"


def test_a_route_that_leaves_it_to_people_resolves_nothing_by_a_split() -> None:
    route(auto_resolve=False)
    left = three()
    for instance in "bc":
        resolve(at=NOW, instance=instance)
    split(left, alert(instance="a"))
    fresh(left)
    assert left.status == "open"


def test_what_cannot_be_split_says_why() -> None:
    route()
    left = three()
    with pytest.raises(Invalid, match="at least one"):
        split(left)
    with pytest.raises(Invalid, match="all of its alerts"):
        split(left, *Alert.objects.all())
    made = split(left, alert(instance="a"))
    with pytest.raises(Invalid, match="any more"):
        split(left, alert(instance="a"))
    with pytest.raises(Invalid, match="Say what is wrong"):
        split(left, alert(instance="b"), title=" ")
    actions.resolve(actor=ADMIN, now=NOW, incident_id=left.pk)
    with pytest.raises(NotResolved):
        split(left, alert(instance="b"))
    assert Incident.objects.count() == 2 and made.pk


def test_an_undone_split_is_one_incident_again() -> None:
    route()
    left = three()
    made = split(left, alert(instance="a"))
    actions.undo_split(actor=ADMIN, now=NOW + minutes(1), incident_id=made.pk)
    fresh(left, made)
    assert (left.firing_count, made.state) == (3, "merged")
    assert GroupMember.objects.filter(incident__isnull=False).count() == 0
    resolve(at=NOW + minutes(2), instance="a")
    fire(at=NOW + minutes(3), instance="a")
    fresh(left)
    assert left.firing_count == 3
    with pytest.raises(CannotMove):
        actions.undo_split(actor=ADMIN, now=NOW, incident_id=made.pk)


def test_a_merge_takes_split_off_alerts_along_and_back() -> None:
    route()
    left = three()
    made = split(left, alert(instance="a"))
    fire("Load")
    other = incidents()[2]
    merge(made, other)
    resolve(at=NOW + minutes(1), instance="a")
    fire(at=NOW + minutes(2), instance="a")
    assert names(other, firing=True) == {"DiskFulla", "Load"}
    actions.undo_merge(actor=ADMIN, now=NOW + minutes(3), incident_id=made.pk)
    assert names(made, firing=True) == {"DiskFulla"} and names(other) == {"Load"}
    resolve(at=NOW + minutes(4), instance="a")
    fresh(made)
    assert made.status == "resolved"


# -- quiet


def silence(matchers: str, until: int = 60) -> None:
    plan = suppression.Plan(NOW, NOW + minutes(until))
    suppression.create_silence(actor=ADMIN, now=NOW, wish=suppression.Wish(parse_matchers(matchers), "known", plan))
    releasing.reconsider(now=NOW, key=1)


def test_what_is_left_of_a_split_is_quiet_if_all_of_it_is_held() -> None:
    rule = policy(notify(user()), wait(5))
    route(policy_id=rule.pk)
    left = three()
    silence('instance=~"b|c"')
    fresh(left)
    assert left.quiet_since is None
    made = split(left, alert(instance="a"), policy_id=rule.pk)
    fresh(left)
    assert left.quiet_since is not None and made.quiet_since is None
    assert running() == {made.pk}


def test_a_quiet_incident_speaks_again_when_something_loud_is_merged_into_it() -> None:
    route(policy_id=policy(notify(user()), wait(5)).pk)
    left, into = two()
    silence('alertname="Load"')
    fresh(into)
    assert into.quiet_since is not None
    merge(left, into)
    fresh(into)
    assert into.quiet_since is None
    assert running() == {into.pk}


def test_the_end_of_a_groups_wait_does_not_open_what_was_split_off() -> None:
    route(group_wait=30, reopen_minutes=0)
    for instance in "ab":
        fire(instance=instance)

    at = NOW + timedelta(seconds=30)
    triage.end_group_waits(now=at, group_ids=list(AlertGroup.objects.values_list("pk", flat=True)))
    (left,) = incidents()
    split(left, alert(instance="a"), at=at)
    resolve(at=at + minutes(1), instance="b")
    fire(at=at + minutes(5), instance="c")
    later = at + minutes(6)
    triage.end_group_waits(now=later, group_ids=list(AlertGroup.objects.values_list("pk", flat=True)))
    assert names(incidents()[2]) == {"DiskFullc"}
    assert Hold.objects.count() == 0
