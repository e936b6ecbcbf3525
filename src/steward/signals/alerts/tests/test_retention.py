"""Months of changes are made ahead and dropped whole; what is still needed outlives its month; sources may differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from steward.foundation.errors import Forbidden, Invalid
from steward.foundation.events import _subscribers
from steward.people.audit.models import AuditEntry
from steward.signals.alerts import actions, partitions, retention
from steward.signals.alerts.events import ChangesGone, ChangesLeaving
from steward.signals.alerts.models import Alert, AlertChange, AlertStatus, Source
from steward.signals.alerts.partitions import CHANGES, Month
from steward.signals.alerts.tests.factories import NOW, lead, source, stored
from steward.signals.alerts.tests.test_history import change, silent

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2019, 12, 15, tzinfo=UTC)
THEN = Month(2019, 12)
LATER = LONG_AGO + timedelta(days=500)


@pytest.fixture
def then() -> Month:
    """The month of LONG_AGO, made while it was the present one."""
    with connection.cursor() as cursor:
        partitions.make_ahead(cursor, LONG_AGO, CHANGES)
    return THEN


def month_of(made: AlertChange) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM alerts_alertchange WHERE id = %s", [made.pk])
        return str(cursor.fetchone()[0])


def months() -> list[Month]:
    with connection.cursor() as cursor:
        return [month for month in partitions.present(cursor, CHANGES) if month.year < 2022]


def night(now: datetime = LATER) -> int:
    """Every step of what is due each night; how many changes went."""
    removed = 0
    for one, limit in (
        (retention.remove_old_months, now), (retention.remove_old_changes, now - timedelta(days=400)),
        (retention.remove_own_changes, now), (retention.remove_own_alerts, now),
    ):  # fmt: skip
        after: int | None = 0
        while after is not None:
            with transaction.atomic():
                step = one(limit, after)
            after = step.after
            removed += step.removed if one != retention.remove_own_alerts else 0
    return removed


def test_months() -> None:
    assert Month.of(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)).following == Month(2027, 1)
    assert Month.of(datetime(2027, 1, 1, 7, tzinfo=UTC).astimezone()).begins == datetime(2027, 1, 1, tzinfo=UTC)
    assert Month(2027, 2).ends == datetime(2027, 3, 1, tzinfo=UTC)
    assert partitions.wanted(datetime(2026, 11, 30, tzinfo=UTC)) == [Month(2026, 11), Month(2026, 12), Month(2027, 1)]
    assert CHANGES.part(Month(2026, 3)) == "alerts_alertchange_m202603"


def test_the_present_months_are_there_from_the_beginning() -> None:
    with connection.cursor() as cursor:
        assert len(partitions.present(cursor, CHANGES)) >= partitions.MONTHS_AHEAD + 1


def test_a_change_goes_to_its_month_or_to_the_default_one(then: Month) -> None:
    alert = stored(source())
    assert month_of(change(alert, LONG_AGO)) == CHANGES.part(then)
    assert month_of(change(alert, LONG_AGO - timedelta(days=60))) == CHANGES.kept
    with connection.cursor() as cursor:
        # Nobody made that month in time: its rows are there already, and stay.
        assert partitions.make_ahead(cursor, LONG_AGO - timedelta(days=60), CHANGES) == [Month(2019, 11)]
        assert partitions.make_ahead(cursor, LONG_AGO, CHANGES) == []


def test_an_old_month_is_dropped_and_what_is_needed_stays(then: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    prometheus = source()
    flapping, quiet, gone = stored(prometheus), stored(prometheus), stored(prometheus)
    old = [change(flapping, LONG_AGO + timedelta(minutes=n)) for n in range(6)]
    newest, undecided = change(quiet, LONG_AGO), change(flapping, LONG_AGO, due_at=LONG_AGO)
    change(gone, LONG_AGO)
    Alert.objects.filter(pk=gone.pk)._raw_delete("default")  # as if it had gone meanwhile
    young = change(flapping, LATER)
    told: list[int] = []
    monkeypatch.setitem(_subscribers, ChangesLeaving, [lambda event: event.kept.update({old[2].pk} & event.change_ids)])
    monkeypatch.setitem(_subscribers, ChangesGone, [lambda event: told.extend(event.change_ids)])
    assert night() == 6
    assert then not in months()
    assert set(AlertChange.objects.all()) == {old[2], newest, undecided, young}
    assert {month_of(each) for each in (old[2], newest, undecided)} == {CHANGES.kept}
    assert set(told) >= {each.pk for each in old if each != old[2]} and old[2].pk not in told
    assert len(told) == 6
    assert night() == 0
    # Once nothing needs it any more it goes as a row.
    monkeypatch.setitem(_subscribers, ChangesLeaving, [])
    assert night() == 1
    assert not AlertChange.objects.filter(pk=old[2].pk).exists()


def test_a_month_that_is_not_wholly_old_stays(then: Month) -> None:
    alert = stored(source())
    first, _second = change(alert, LONG_AGO), change(alert, LONG_AGO)
    assert night(datetime(2019, 12, 20, tzinfo=UTC) + timedelta(days=400)) == 0
    assert then in months() and AlertChange.objects.filter(pk=first.pk).exists()


def test_a_source_with_a_shorter_history_loses_its_rows_before_the_month_goes(then: Month) -> None:
    short, usual = source(history_days=30), source()
    for of in (short, usual):
        alert = silent(of, LONG_AGO)
        change(alert, LONG_AGO)
        change(alert, LONG_AGO)
    soon = LONG_AGO + timedelta(days=31)
    assert night(soon) == 1
    assert then in months()
    assert [each.source for each in Alert.objects.all()] == [usual]
    assert AlertChange.objects.count() == 2


@pytest.mark.parametrize("days", [800, 0])
def test_a_source_with_a_longer_history_keeps_the_month_and_only_its_own_rows(then: Month, days: int) -> None:
    long, usual = source(history_days=days), source()
    kept = [change(alert, LONG_AGO) for alert in [silent(long, LONG_AGO)] for _n in range(2)]
    other = [change(alert, LONG_AGO) for alert in [silent(usual, LONG_AGO)] for _n in range(2)]
    assert night() == 1
    assert then in months()
    assert set(AlertChange.objects.all()) == {*kept, other[1]}
    with transaction.atomic():
        assert retention.remove_old_alerts(LATER - timedelta(days=400), 0).removed == 1
    assert [each.source for each in Alert.objects.all()] == [long]
    if days:
        assert night(LONG_AGO + timedelta(days=900)) == 1
        assert then not in months()


def test_everything_is_kept_where_the_installation_says_so(then: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    alert = silent(source(), LONG_AGO)
    change(alert, LONG_AGO)
    change(alert, LONG_AGO)
    forever = retention.Limits(None, {})
    assert forever.longest is None
    monkeypatch.setattr(retention, "limits", lambda now: forever)
    with transaction.atomic():
        retention.remove_old_months(LATER, 0)
    assert then in months() and AlertChange.objects.count() == 2


def test_the_longest_history_counts() -> None:
    day = timedelta(days=1)
    assert retention.Limits(NOW - 400 * day, {1: NOW - 30 * day}).longest == NOW - 400 * day
    assert retention.Limits(NOW - 400 * day, {1: NOW - 800 * day, 2: NOW}).longest == NOW - 800 * day
    assert retention.Limits(NOW - 400 * day, {1: None}).longest is None


def test_a_lead_says_how_long_a_source_is_kept() -> None:
    made = source()
    actions.set_history(actor=lead(), now=NOW, source_id=made.pk, days=30)
    made.refresh_from_db()
    assert made.history_days == 30
    entry = AuditEntry.objects.get(action="source.history")
    assert (entry.before, entry.after) == ({"history_days": None}, {"history_days": 30})
    actions.set_history(actor=lead(), now=NOW, source_id=made.pk, days=30)
    assert AuditEntry.objects.filter(action="source.history").count() == 1
    actions.set_history(actor=lead(), now=NOW, source_id=made.pk, days=None)
    assert Source.objects.get(pk=made.pk).history_days is None
    with pytest.raises(Invalid):
        actions.set_history(actor=lead(), now=NOW, source_id=made.pk, days=actions.LONGEST_HISTORY + 1)
    nobody: Any = lead()
    nobody = type(nobody)(kind="user", id=None, label="N", role="viewer", permissions=frozenset())
    with pytest.raises(Forbidden):
        actions.set_history(actor=nobody, now=NOW, source_id=made.pk, days=1)


def test_a_silent_alert_of_its_own_history_goes_with_its_last_change() -> None:
    short = source(history_days=1)
    alert = silent(short, NOW - timedelta(days=3))
    change(alert, NOW - timedelta(days=3))
    firing = stored(short, status=AlertStatus.FIRING, changed_at=NOW - timedelta(days=9))
    night(NOW)
    assert list(Alert.objects.all()) == [firing] and not AlertChange.objects.exists()
