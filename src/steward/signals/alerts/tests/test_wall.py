"""Row-level security behind ``visible_to``: what a supplier's session can see even through a query without it."""

import pytest
from django.db import ProgrammingError, connection, transaction

from steward.estate.configuration.models import Service
from steward.foundation.database.rowsecurity import limited_to
from steward.people.accounts.models import Organisation
from steward.signals.alerts.models import Alert, AlertChange, ParkedPayload
from steward.signals.alerts.tests.factories import NOW, source, stored

pytestmark = pytest.mark.django_db


def test_a_supplier_session_sees_only_its_services_alerts_statement_by_statement() -> None:
    acme, other = (Organisation.objects.create(slug=s, name=s, kind="supplier") for s in ("acme", "other"))
    of = source()
    theirs = stored(of, "Theirs", service=Service.objects.create(name="A", slug="a", supplier=acme))
    for alert in (theirs, stored(of, "Ours")):
        AlertChange.objects.create(alert=alert, at=NOW, status="firing", starts_at=NOW)
    ParkedPayload.objects.create(source=of, received_at=NOW, endpoint="events", raw=b"", error="x")
    for _ in range(8):  # as often as it takes a driver to prepare a statement
        with limited_to(acme.pk):
            assert list(Alert.objects.values_list("name", flat=True)) == ["Theirs"]
            assert list(AlertChange.objects.values_list("alert_id", flat=True)) == [theirs.pk]
            assert not ParkedPayload.objects.exists()
        with limited_to(other.pk):
            assert not Alert.objects.exists() and not AlertChange.objects.exists()
        assert (Alert.objects.count(), AlertChange.objects.count(), ParkedPayload.objects.count()) == (2, 2, 1)


def test_a_supplier_session_cannot_write_what_it_may_not_see() -> None:
    acme = Organisation.objects.create(slug="acme", name="acme", kind="supplier")
    of = source()
    ours = stored(of, "Ours")
    with limited_to(acme.pk):
        assert Alert.objects.filter(pk=ours.pk).update(name="x") == 0
        with pytest.raises(ProgrammingError), transaction.atomic():
            stored(of, "New")


def test_at_home_the_wall_costs_no_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("""EXPLAIN SELECT * FROM alerts_alert WHERE labels @> '{"a": "b"}'""")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "alert_labels" in plan and "external" not in plan
