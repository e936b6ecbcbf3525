"""Writing maintenance windows and their clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from steward.estate.configuration.models import Relation
from steward.estate.configuration.tests.factories import ItemFactory, OrganisationFactory, ServiceFactory
from steward.foundation.actors import Actor
from steward.foundation.database.rowsecurity import limited_to
from steward.foundation.errors import Forbidden
from steward.foundation.testing.races import race
from steward.people.accounts.permissions import permissions_of
from steward.response.suppression import actions, queries
from steward.response.suppression.errors import WindowInvalid, WindowNotFound, WindowOver
from steward.response.suppression.events import MaintenanceEnded, SuppressionChanged
from steward.response.suppression.models import MaintenanceWindow
from steward.response.suppression.tests.factories import HOUR, NOW, lead, window, work
from steward.response.suppression.tests.test_silences import fresh, told  # noqa: F401 - fixtures
from steward.signals.alerts.tests.factories import source, stored

pytestmark = pytest.mark.django_db


def tick(made: MaintenanceWindow, now: Any) -> None:
    actions.run_window(now=now, window_id=made.pk)


def test_its_begin_and_end_are_told_and_the_end_besides(told: list[Any]) -> None:  # noqa: F811
    made = window(service_ids=[ServiceFactory.create().pk], starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    change = SuppressionChanged("maintenance", made.pk, NOW)
    assert told == [change]
    told.clear()
    tick(made, NOW + HOUR)
    assert [type(each) for each in told] == [SuppressionChanged]
    tick(made, NOW + 2 * HOUR)
    tick(made, NOW + 2 * HOUR)
    assert told[1:] == [
        SuppressionChanged("maintenance", made.pk, NOW + 2 * HOUR), MaintenanceEnded(made.pk, NOW + 2 * HOUR),
    ]  # fmt: skip


def test_each_occurrence_ends(told: list[Any]) -> None:  # noqa: F811
    made = window(
        service_ids=[ServiceFactory.create().pk], ends_at=None, rrule="FREQ=DAILY", duration=HOUR, time_zone="UTC"
    )
    told.clear()
    for hours in (1, 24, 25):
        tick(made, NOW + hours * HOUR)
    assert [each.now for each in told if isinstance(each, MaintenanceEnded)] == [NOW + HOUR, NOW + 25 * HOUR]


def test_ending_early_and_extending(told: list[Any]) -> None:  # noqa: F811
    made = window(service_ids=[ServiceFactory.create().pk])
    longer = actions.extend_window(actor=lead(), now=NOW, window_id=made.pk, until=NOW + 3 * HOUR)
    assert (longer.ends_at, longer.version, longer.due_at) == (NOW + 3 * HOUR, 2, NOW + 3 * HOUR)
    with pytest.raises(WindowInvalid):
        actions.extend_window(actor=lead(), now=NOW, window_id=made.pk, until=NOW + HOUR)
    actions.end_window(actor=lead(), now=NOW + HOUR, window_id=made.pk)
    assert told[-1] == MaintenanceEnded(made.pk, NOW + HOUR)
    with pytest.raises(WindowOver):
        actions.end_window(actor=lead(), now=NOW + HOUR, window_id=made.pk)


def test_one_called_off_before_it_began_did_not_end(told: list[Any]) -> None:  # noqa: F811
    made = window(service_ids=[ServiceFactory.create().pk], starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    actions.end_window(actor=lead(), now=NOW, window_id=made.pk)
    assert not [each for each in told if isinstance(each, MaintenanceEnded)]


def test_an_edit_changes_the_scope_at_once() -> None:
    one, two = ServiceFactory.create(name="One"), ServiceFactory.create(name="Two")
    made = window(service_ids=[one.pk])
    actions.update_window(actor=lead(), now=NOW, window_id=made.pk, work=work(service_ids=[two.pk]), version=1)
    standing = queries.standing(NOW)
    assert not standing.verdicts({}, one.pk, None) and standing.verdicts({}, two.pk, None)
    assert [each.row.scope_names for each in queries.versions_of(made)] == [["Two"], ["One"]]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"), ({"service_ids": []}, "services"), ({"service_ids": [999]}, "services"),
        ({"link": "javascript:1"}, "link"), ({"ends_at": NOW}, "ends_at"), ({"ends_at": None}, "ends_at"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_beside_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(WindowInvalid) as caught:
        window(**{"service_ids": [ServiceFactory.create().pk], **changes})
    assert field in caught.value.fields


def test_the_scope_is_shown_with_the_way_to_it_and_what_fires_there() -> None:
    db, shop = ServiceFactory.create(name="Database"), ServiceFactory.create(name="Shop")
    host = ItemFactory.create(name="db-1", service=db)
    Relation.objects.create(kind="runs_on", source_service=shop, target_item=host)
    made = window(service_ids=[db.pk], dependants=True)
    lines = {line.name: [name for name, _how in line.path] for line in queries.scope_of(
        lead(), [("service", db.pk)], dependants=True)}  # fmt: skip
    assert lines == {"Database": ["Database"], "db-1": ["Database", "db-1"], "Shop": ["Database", "db-1", "Shop"]}
    alert = stored(source(), service=shop)
    stored(source(), service=ServiceFactory.create())
    held = queries.window_holds(lead(), queries.window_by_id(lead(), made.pk))
    assert (held.count, list(held.alerts)) == (1, [alert])
    assert queries.windows_of_service(lead(), shop.pk, NOW) == [made]


def test_who_may_not_is_refused_and_suppliers_see_their_own() -> None:
    theirs = OrganisationFactory.create(kind="supplier")
    service = ServiceFactory.create(supplier=theirs)
    host = ItemFactory.create(service=service)
    mine = [window(service_ids=[service.pk]), window(item_ids=[host.pk], title="Host")]
    window(service_ids=[ServiceFactory.create().pk], title="Secret")
    supplier = Actor(
        kind="user", label="s", role="supplier", permissions=permissions_of("supplier"), organisation_id=theirs.pk,
        organisation_kind="supplier",
    )  # fmt: skip
    with limited_to(theirs.pk):
        assert set(queries.windows(supplier)) == set(MaintenanceWindow.objects.all()) == set(mine)
    with limited_to(theirs.pk + 1000):
        assert not MaintenanceWindow.objects.exists()
    assert set(queries.windows(supplier)) == set(mine)
    customer = lead(role="customer", permissions=permissions_of("customer"), organisation_kind="customer")
    assert not queries.windows(customer).exists()
    with pytest.raises(Forbidden):
        actions.end_window(actor=supplier, now=NOW, window_id=mine[0].pk)
    with pytest.raises(WindowNotFound):
        queries.window_by_id(customer, mine[0].pk)


def test_what_is_planned_in_the_coming_two_weeks() -> None:
    service = ServiceFactory.create().pk
    window(
        service_ids=[service], title="Sundays", starts_at=NOW - timedelta(days=300), ends_at=None,
        rrule="FREQ=WEEKLY;BYDAY=SU", duration=2 * HOUR, time_zone="America/New_York",
    )  # fmt: skip
    window(service_ids=[service], title="Once", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    window(service_ids=[service], title="Far", starts_at=NOW + 999 * HOUR, ends_at=NOW + 1000 * HOUR)
    found = queries.planned(lead(), NOW, NOW + timedelta(days=14))
    assert [(row.window.title, len(row.runs)) for row in found] == [("Once", 1), ("Sundays", 2)]


@pytest.mark.django_db(transaction=True)
def test_two_who_end_it_and_the_clock_end_it_once(told: list[Any]) -> None:  # noqa: F811
    made = window(service_ids=[ServiceFactory.create().pk])
    results = race(
        lambda: actions.end_window(actor=lead(), now=NOW + HOUR - timedelta(seconds=1), window_id=made.pk),
        lambda: actions.end_window(actor=lead(), now=NOW + HOUR - timedelta(seconds=1), window_id=made.pk),
        lambda: actions.run_window(now=NOW + HOUR, window_id=made.pk),
    )
    assert all(not isinstance(each, Exception) or isinstance(each, WindowOver) for each in results)
    assert len([each for each in told if isinstance(each, MaintenanceEnded)]) == 1
