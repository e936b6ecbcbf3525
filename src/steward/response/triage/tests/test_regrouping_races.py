"""People merge and split while alerts come: each on a real connection of its own."""

from __future__ import annotations

from typing import Any

import pytest

from steward.foundation.testing.races import race
from steward.response.incidents import actions
from steward.response.incidents.models import Incident, IncidentAlert
from steward.response.triage.models import AlertGroup, GroupMember, Route
from steward.response.triage.tests.factories import ADMIN, NOW, change, fire, incidents, minutes, process, route
from steward.signals.alerts.models import Alert

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 6


@pytest.fixture(autouse=True)
def default_route() -> None:
    """These tests empty the tables at their end, and the default route comes from a migration."""
    if not Route.objects.filter(is_default=True).exists():
        Route.objects.create(position=0, name="Everything else", is_default=True, group_by=["alertname"], group_wait=30)


def no_errors(results: list[Any]) -> None:
    assert [each for each in results if isinstance(each, Exception)] == []


def newest(number: int) -> list[Incident]:
    return incidents()[-number:]


def consistent() -> None:
    """What every race must leave behind: counts that are true, nothing that fires in what is closed, and groups that
    lead where their alerts are."""
    for each in incidents():
        members = IncidentAlert.objects.filter(incident=each)
        assert (each.alert_count, each.firing_count) == (members.count(), members.filter(firing=True).count())
        assert each.status != "closed" or not members.exists()
    for member in GroupMember.objects.filter(firing=True).select_related("group"):
        where = member.incident_id or member.group.incident_id
        assert IncidentAlert.objects.filter(incident=where, alert=member.alert_id, firing=True).exists()


def test_an_alert_that_comes_while_its_incident_is_merged_joins_the_other() -> None:
    route()
    for n in range(ROUNDS):
        fire(f"Disk{n}")
        fire(f"Load{n}")
        # Once the merged one is the older, once the newer: locks are taken in the order of keys.
        left, into = newest(2) if n % 2 else reversed(newest(2))
        merged = left.memberships.get().alert.name
        late = change(merged, at=NOW + minutes(1), instance="late")
        no_errors(
            race(
                lambda left=left, into=into: actions.merge(
                    actor=ADMIN, now=NOW, incident_id=left.pk, into_id=into.pk
                ),
                lambda late=late: process(late, at=NOW + minutes(1)),
            )
        )  # fmt: skip
        into.refresh_from_db()
        assert into.firing_count == 3
        assert not AlertGroup.objects.filter(incident=left).exists()
    consistent()


def test_of_two_merges_against_each_other_one_wins() -> None:
    route()
    for n in range(ROUNDS):
        fire(f"Disk{n}")
        fire(f"Load{n}")
        first, second = newest(2)
        results = race(
            lambda a=first, b=second: actions.merge(actor=ADMIN, now=NOW, incident_id=a.pk, into_id=b.pk),
            lambda a=first, b=second: actions.merge(actor=ADMIN, now=NOW, incident_id=b.pk, into_id=a.pk),
        )
        lost = [each for each in results if isinstance(each, Exception)]
        assert [type(each).__name__ for each in lost] == ["CannotMove"]
        first.refresh_from_db()
        second.refresh_from_db()
        assert sorted([first.state, second.state]) == ["merged", "open"]
        assert sorted([first.firing_count, second.firing_count]) == [0, 2]
    consistent()


def test_a_split_meets_the_end_of_the_alert() -> None:
    """It is split off and resolved there, or it is over before: then nothing fires anywhere."""
    route()
    for n in range(ROUNDS):
        for instance in "ab":
            fire(f"Disk{n}", instance=instance)
        (left,) = newest(1)
        wanted = Alert.objects.get(name=f"Disk{n}", labels__instance="a")
        gone = change(f"Disk{n}", "resolved", at=NOW + minutes(1), instance="a")
        no_errors(
            race(
                lambda left=left, wanted=wanted: actions.split(
                    actor=ADMIN, now=NOW, incident_id=left.pk, alert_ids=[wanted.pk], title="x", severity="SEV3"
                ),
                lambda gone=gone: process(gone, at=NOW + minutes(1)),
            )
        )
        left.refresh_from_db()
        assert (left.alert_count, left.firing_count, left.status) == (1, 1, "open")
        assert not IncidentAlert.objects.filter(alert=wanted, firing=True).exists()
    consistent()


def test_a_split_meets_a_resolution() -> None:
    """Whoever is second sees what the first did: the split is refused, or only the rest is resolved."""
    route()
    for n in range(ROUNDS):
        for instance in "ab":
            fire(f"Disk{n}", instance=instance)
        (left,) = newest(1)
        wanted = Alert.objects.get(name=f"Disk{n}", labels__instance="a")
        before = Incident.objects.count()
        divided, resolved = race(
            lambda left=left, wanted=wanted: actions.split(
                actor=ADMIN, now=NOW, incident_id=left.pk, alert_ids=[wanted.pk], title="x", severity="SEV3"
            ),
            lambda left=left: actions.resolve(actor=ADMIN, now=NOW, incident_id=left.pk),
        )
        assert not isinstance(resolved, Exception)
        left.refresh_from_db()
        assert left.status == "resolved"
        if isinstance(divided, Exception):
            assert type(divided).__name__ == "NotResolved" and Incident.objects.count() == before
        else:
            divided.refresh_from_db()
            assert (divided.status, divided.firing_count) == ("open", 1)
    consistent()


def test_a_merge_undone_while_alerts_come_loses_none() -> None:
    route()
    for n in range(ROUNDS):
        fire(f"Disk{n}")
        fire(f"Load{n}")
        left, into = newest(2)
        actions.merge(actor=ADMIN, now=NOW, incident_id=left.pk, into_id=into.pk)
        late = change(f"Disk{n}", at=NOW + minutes(1), instance="late")
        no_errors(
            race(
                lambda left=left: actions.undo_merge(actor=ADMIN, now=NOW, incident_id=left.pk),
                lambda late=late: process(late, at=NOW + minutes(1)),
            )
        )
        left.refresh_from_db()
        into.refresh_from_db()
        assert (left.firing_count, into.firing_count) == (2, 1)
    consistent()
