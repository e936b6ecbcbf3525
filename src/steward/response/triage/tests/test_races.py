"""Two engines, and people, at the same moment: each on a real connection of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from steward.foundation.testing.races import race
from steward.response.incidents import actions as incident_actions
from steward.response.incidents.models import Incident, TimelineEntry
from steward.response.notifications.models import Page
from steward.response.oncall.models import Escalation
from steward.response.triage import actions, judging, releasing, routing
from steward.response.triage.models import AlertGroup, Decision, Hold, InhibitionSource, Reconsideration, Route
from steward.response.triage.tests.factories import (
    ADMIN,
    NOW,
    actor,
    change,
    fire,
    incidents,
    minutes,
    notify,
    policy,
    process,
    route,
    user,
    wait,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def default_route() -> None:
    """These tests empty the tables at their end, and the default route comes from a migration."""
    if not Route.objects.filter(is_default=True).exists():
        Route.objects.create(position=0, name="Everything else", is_default=True, group_by=["alertname"], group_wait=30)


def no_errors(results: list[Any]) -> None:
    assert [each for each in results if isinstance(each, Exception)] == []


def test_two_batches_open_one_incident_for_one_group() -> None:
    route(policy_id=policy(notify(user()), wait(5)).pk)
    changes = [change(instance=f"i{n}") for n in range(6)]
    no_errors(race(*[lambda each=each: process(each) for each in changes]))
    (incident,) = incidents()
    assert (incident.alert_count, incident.firing_count) == (6, 6)
    assert AlertGroup.objects.count() == 1
    assert Escalation.objects.count() == 1
    assert Decision.objects.filter(outcome="opened").count() == 1
    assert Decision.objects.filter(outcome="joined").count() == 5


def test_batches_that_meet_in_several_groups_do_not_wait_in_a_circle() -> None:
    route(name="By name", continues=True)
    route(name="By host", group_by=["instance"])
    names = ["a", "b", "c", "d"]
    forwards = [change(f"Alert-{name}", instance=f"x{name}", batch="1") for name in names]
    backwards = [change(f"Alert-{name}", instance=f"x{name}", batch="2") for name in reversed(names)]
    no_errors(race(lambda: process(*forwards), lambda: process(*backwards)))
    assert len(incidents()) == 8
    assert {each.alert_count for each in incidents()} == {2}


def test_the_end_of_a_wait_and_a_late_alert_make_one_incident() -> None:
    route(group_wait=30)
    fire(instance="a")
    (group,) = AlertGroup.objects.all()
    at = NOW + timedelta(seconds=30)
    late = change(instance="b", at=at)
    no_errors(
        race(
            lambda: actions.end_group_waits(now=at, group_ids=[group.pk]),
            lambda: actions.end_group_waits(now=at, group_ids=[group.pk]),
            lambda: process(late, at=at),
        )
    )
    (incident,) = incidents()
    assert incident.alert_count == 2
    group.refresh_from_db()
    assert group.incident_id == incident.pk


def test_an_acknowledgement_meets_the_alerts_end() -> None:
    """Whoever is second sees what the first did: acknowledged and then resolved, or refused because it is over."""
    route(policy_id=policy(notify(user()), wait(5)).pk)
    fire()
    (incident,) = incidents()
    somebody = actor(user())
    gone = change(status="resolved", at=NOW + minutes(1))
    acknowledged, processed = race(
        lambda: incident_actions.acknowledge(actor=somebody, now=NOW + minutes(1), incident_id=incident.pk),
        lambda: process(gone, at=NOW + minutes(1)),
    )
    assert processed is None
    incident.refresh_from_db()
    assert incident.status == "resolved"
    kinds = list(TimelineEntry.objects.filter(incident=incident).order_by("id").values_list("kind", flat=True))
    assert kinds.count("resolved") == 1
    if isinstance(acknowledged, Exception):
        assert type(acknowledged).__name__ == "NotResolved"
        assert "acknowledged" not in kinds
    else:
        assert kinds.index("acknowledged") < kinds.index("resolved")
    assert not Escalation.objects.filter(state="running").exists()


def test_an_alert_is_not_lost_when_its_incident_is_resolved_at_that_moment() -> None:
    """It joins before, or reopens after; it never ends up in something that nobody looks at."""
    route(reopen_minutes=30)
    fire(instance="a")
    (incident,) = incidents()
    late = change(instance="b", at=NOW + minutes(1))
    no_errors(
        race(
            lambda: incident_actions.resolve(actor=ADMIN, now=NOW + minutes(1), incident_id=incident.pk),
            lambda: process(late, at=NOW + minutes(1)),
        )
    )
    incident.refresh_from_db()
    outcome = Decision.objects.get(change=late).outcome
    assert (outcome, incident.status) in {("joined", "resolved"), ("reopened", "open")}
    assert incident.alert_count == 2


def test_two_people_move_and_make_routes_at_once() -> None:
    made = [route(name=f"R{n}") for n in range(4)]
    results = race(
        *[lambda each=each: actions.move_route(actor=ADMIN, now=NOW, route_id=each.pk, up=True) for each in made[1:]],
        lambda: route(name="New 1"),
        lambda: route(name="New 2"),
    )
    no_errors(results)
    positions = list(Route.objects.filter(is_default=False).values_list("position", flat=True))
    assert len(set(positions)) == len(positions) == 6


def test_a_failed_batch_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    route()
    made = change()

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the database went away")

    with monkeypatch.context() as patched:
        patched.setattr(routing, "_finish", fail)
        with pytest.raises(RuntimeError):
            process(made)
    assert (Incident.objects.count(), AlertGroup.objects.count(), Decision.objects.count()) == (0, 0, 0)
    process(made)
    assert Incident.objects.count() == 1
    assert Page.objects.count() == 0


def test_a_deadlock_cannot_come_from_the_order_of_locks() -> None:
    """Groups are locked by route and key however the batch lists them."""
    route(group_by=["instance"])
    process(*[change(instance=f"i{n}") for n in range(5)])
    with transaction.atomic():
        held = routing.hold(AlertGroup.objects.order_by("-pk"))
        assert [(each.route_id, each.key) for each in held] == sorted((each.route_id, each.key) for each in held)


def raised(*, hand: str = "", acknowledge: bool = False) -> Incident:
    """An incident of SEV3 that two connections meet on: an alert of SEV1 joins it, while a person does something."""
    who = actor(user("Ann", role="lead"))
    route(group_by=["team"], policy_id=policy(notify(user("Ben")), wait(5)).pk)
    fire(severity="warning", team="a")
    (found,) = incidents()
    joining = change("Down", severity="page", team="a")
    given = {"actor": who, "now": NOW, "incident_id": found.pk}
    others = []
    if hand:
        others.append(lambda: incident_actions.set_severity(**given, severity=hand))
    if acknowledge:
        others.append(lambda: incident_actions.acknowledge(**given))
    no_errors(race(lambda: process(joining), *others))
    found.refresh_from_db()
    return found


@pytest.mark.parametrize("_try", range(4))
def test_a_person_and_a_worse_alert_set_the_severity_at_once(_try: int) -> None:
    found = raised(hand="SEV2")
    assert (found.severity, found.severity_by_hand) == ("SEV2", True), "whoever was first, the person's stands"
    texts = list(found.timeline.filter(kind="severity").values_list("text", flat=True))
    assert len(texts) == 2
    assert Escalation.objects.filter(state="running").count() == 1


@pytest.mark.parametrize("_try", range(4))
def test_an_acknowledgement_and_a_worse_alert_at_once(_try: int) -> None:
    found = raised(acknowledge=True)
    assert (found.severity, found.status) == ("SEV1", "acknowledged")
    assert not Escalation.objects.filter(state="running").exists()
    first = found.timeline.filter(kind__in=["severity", "acknowledged"]).values_list("kind", flat=True).first()
    paged = Page.objects.filter(reason__why__startswith="you are on it").count()
    assert paged == (1 if first == "acknowledged" else 0)


def test_two_worse_alerts_at_once_raise_to_the_worst_and_page_once_more() -> None:
    route(group_by=["team"], policy_id=policy(notify(user("Ben")), wait(5)).pk)
    fire(severity="info", team="a")
    changes = [change("Down", severity="page", team="a"), change("Slow", severity="high", team="a")]
    no_errors(race(*[lambda each=each: process(each) for each in changes]))
    (found,) = incidents()
    assert (found.severity, found.alert_count) == ("SEV1", 3)
    assert Escalation.objects.filter(state="running").count() == 1


# -- an inhibition begins while the engine looks at what fires


def down_mutes_the_rest() -> None:
    actions.save_inhibition(
        actor=ADMIN, now=NOW, name="down mutes the rest", source='alertname="Down"', target='alertname="DiskFull"',
        equal=["site"],
    )  # fmt: skip
    Reconsideration.objects.update(due_at=None)


@pytest.mark.parametrize("turn", range(6))
def test_a_look_and_a_batch_that_asks_for_one_do_not_wait_in_a_circle(turn: int) -> None:
    route()
    down_mutes_the_rest()
    held = [fire(site=f"s{n}", at=NOW) for n in range(5)]
    judging.look_again(NOW)
    # The batch has the alerts that the look wants, and wants the row of the look.
    batch = [
        *(change(site=f"s{n}", at=NOW + timedelta(seconds=1), disk="/var") for n in range(5)),
        change("Down", site="s0"),
    ]
    resolved = [change(status="resolved", at=NOW + timedelta(seconds=1), site=f"s{n}") for n in range(1, 5)]
    now = NOW + timedelta(seconds=2)
    no_errors(race(lambda: process(*resolved, *batch, at=now), lambda: releasing.reconsider(now=now, key=1)))
    releasing.reconsider(now=NOW + timedelta(seconds=3), key=1)
    assert InhibitionSource.objects.count() == 1
    assert set(Hold.objects.values_list("alert_id", flat=True)) == {held[0].alert_id, batch[0].alert_id}
    assert Reconsideration.objects.get().due_at is None


def test_what_asks_for_a_look_while_one_is_at_work_gets_another(monkeypatch: pytest.MonkeyPatch) -> None:
    route()
    fire(site="s0")
    judging.look_again(NOW)
    firing, later = releasing.incident_queries.firing_members, NOW + timedelta(seconds=5)

    def meanwhile() -> Any:
        judging.look_again(later)
        return firing()

    monkeypatch.setattr(releasing.incident_queries, "firing_members", meanwhile)
    releasing.reconsider(now=NOW, key=1)
    assert Reconsideration.objects.get().due_at == later
    monkeypatch.undo()
    releasing.reconsider(now=later, key=1)
    assert Reconsideration.objects.get().due_at is None
