import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from steward.estate.configuration.models import ConfigurationItem, Service
from steward.estate.configuration.queries import forget
from steward.foundation.actors import ANONYMOUS
from steward.foundation.due.registry import claim, kinds
from steward.foundation.errors import Forbidden
from steward.foundation.events import _subscribers
from steward.people.audit.models import AuditEntry
from steward.signals.alerts import actions
from steward.signals.alerts.errors import BadSource, NotReplayable, ParkedNotFound, SourceNotFound
from steward.signals.alerts.events import AlertsChanged
from steward.signals.alerts.models import Alert, AlertChange, ParkedPayload, Source
from steward.signals.alerts.tests.factories import NOW, lead, source, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[AlertsChanged]:
    events: list[AlertsChanged] = []
    monkeypatch.setitem(_subscribers, AlertsChanged, [events.append])
    forget()
    return events


def change(alert: Alert, status: str = "firing") -> AlertChange:
    return AlertChange.objects.create(
        alert=alert, at=NOW, status=status, starts_at=NOW, due_at=NOW, reason={"code": "new"}
    )


def test_a_source_gets_a_key_that_is_not_kept() -> None:
    made, key = actions.create_source(actor=lead(), now=NOW, name=" Prometheus ", resolve_timeout=60)
    held = Source.objects.get()
    assert (made.pk, held.name, held.resolve_timeout) == (held.pk, "Prometheus", 60)
    assert held.key_digest == hashlib.sha256(key.encode()).hexdigest()
    assert key not in json.dumps(list(AuditEntry.objects.values("after", "before")))
    assert AuditEntry.objects.get().action == "source.create"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "Taken"}, "name"),
        ({"kind": "carrier pigeon"}, "kind"),
        ({"resolve_timeout": 1}, "resolve_timeout"),
    ],
)
def test_sources_that_cannot_be(fields: dict[str, Any], field: str) -> None:
    source(name="Taken")
    with pytest.raises(BadSource) as raised:
        actions.create_source(actor=lead(), now=NOW, **{"name": "New", **fields})
    assert field in raised.value.fields


def test_a_new_key_replaces_the_old() -> None:
    held = source("old")
    _source, key = actions.rotate_key(actor=lead(), now=NOW, source_id=held.pk)
    held.refresh_from_db()
    assert held.key_digest == hashlib.sha256(key.encode()).hexdigest() and key != "old"


def test_only_what_changed_is_on_record() -> None:
    held = source(name="A")
    actions.update_source(actor=lead(), now=NOW, source_id=held.pk, name="B", resolve_timeout=300, enabled=True)
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"name": "A"}, {"name": "B"})


@pytest.mark.parametrize("act", ["create_source", "update_source", "rotate_key", "replay_parked", "discard_parked"])
def test_writes_need_the_permission(act: str) -> None:
    arguments: dict[str, dict[str, Any]] = {
        "create_source": {"name": "A"},
        "update_source": {"source_id": 1, "name": "A", "resolve_timeout": 60, "enabled": True},
        "rotate_key": {"source_id": 1},
    }
    with pytest.raises(Forbidden):
        getattr(actions, act)(actor=ANONYMOUS, now=NOW, **arguments.get(act, {"parked_id": 1}))


def test_what_is_not_there() -> None:
    with pytest.raises(SourceNotFound):
        actions.rotate_key(actor=lead(), now=NOW, source_id=1)
    with pytest.raises(ParkedNotFound):
        actions.discard_parked(actor=lead(), now=NOW, parked_id=1)


def test_changes_are_attached_to_the_estate_and_told_once(told: list[AlertsChanged]) -> None:
    service = Service.objects.create(name="Claims", slug="claims", match_labels={"team": "claims"})
    item = ConfigurationItem.objects.create(type="host", name="h", labels={"instance": "h"})
    alert = stored(source(name="P"), labels={"alertname": "A", "team": "claims", "instance": "h"}, severity="high")
    keys = [change(alert).pk, change(alert, "resolved").pk]
    actions.process_changes(now=NOW, ids=keys)
    actions.process_changes(now=NOW, ids=keys)
    (event,) = told
    first, second = event.changes
    assert [first.change_id, second.change_id] == keys
    assert (first.status, second.status) == ("firing", "resolved")
    assert (first.service_id, first.item_id, first.source_name, first.severity) == (service.pk, item.pk, "P", "high")
    alert.refresh_from_db()
    assert (alert.service_id, alert.item_id) == (service.pk, item.pk)
    assert not AlertChange.objects.filter(due_at__isnull=False).exists()


def test_a_later_change_brings_the_earlier_ones_along(told: list[AlertsChanged]) -> None:
    alert = stored(source())
    keys = [change(alert).pk, change(alert, "resolved").pk, change(alert).pk]
    actions.process_changes(now=NOW, ids=[keys[2]])
    assert [each.change_id for each in told[0].changes] == keys


def test_one_alert_that_breaks_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def handle(event: AlertsChanged) -> None:
        if any(each.name == "Bad" for each in event.changes):
            raise RuntimeError("a subscriber's fault")
        done.extend(each.name for each in event.changes)

    monkeypatch.setitem(_subscribers, AlertsChanged, [handle])
    of = source()
    keys = [change(stored(of, name)).pk for name in ("A", "Bad", "B")]
    actions.process_changes(now=NOW, ids=keys)
    assert done == ["A", "B"]
    assert list(AlertChange.objects.filter(due_at__isnull=False).values_list("alert__name", flat=True)) == ["Bad"]


def test_expiry_resolves_with_its_reason_and_wakes_triage() -> None:
    late = stored(source(), starts_at=NOW - timedelta(hours=1), due_at=NOW - timedelta(seconds=5), leased_until=NOW)
    fresh = stored(source(), due_at=NOW + timedelta(minutes=1))
    (kind,) = [each for each in kinds() if each.name == "alerts.expiry"]
    claimed = claim(kind, NOW)
    assert claimed == [late.pk]
    kind.handle([late.pk, fresh.pk], NOW)
    kind.handle([late.pk, fresh.pk], NOW)
    late.refresh_from_db()
    fresh.refresh_from_db()
    assert (late.status, late.ends_at, late.due_at, late.leased_until) == (
        "resolved",
        NOW - timedelta(seconds=5),
        None,
        None,
    )
    assert fresh.status == "firing"
    noted = AlertChange.objects.get()
    assert (noted.alert_id, noted.status, noted.reason["code"], noted.due_at) == (late.pk, "resolved", "expired", NOW)


def parked(of: Source, body: Any, endpoint: str = "api/v2/alerts") -> ParkedPayload:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ParkedPayload.objects.create(source=of, received_at=NOW, endpoint=endpoint, raw=raw, error="old")


def test_replaying_takes_the_alerts_in_once() -> None:
    of = source()
    known = {"alertname": "Known", "host": "a"}
    stored(of, "Known", labels=known)
    held = parked(of, [{"labels": known, "endsAt": NOW.isoformat()}, {"labels": {"alertname": "New"}}])
    assert actions.replay_parked(actor=lead(), now=NOW, parked_id=held.pk) == 2
    assert dict(Alert.objects.values_list("name", "status")) == {"Known": "resolved", "New": "firing"}
    assert AlertChange.objects.filter(due_at=NOW).count() == 2
    held.refresh_from_db()
    assert (held.status, AuditEntry.objects.get().action) == ("replayed", "parked.replay")
    with pytest.raises(NotReplayable):
        actions.replay_parked(actor=lead(), now=NOW, parked_id=held.pk)


@pytest.mark.parametrize(("body", "endpoint"), [(b"{", "events"), ([{"labels": {}}], "api/v2/alerts"), ([], "nowhere")])
def test_what_still_cannot_be_read_stays_parked(body: Any, endpoint: str) -> None:
    held = parked(source(), body, endpoint)
    with pytest.raises(NotReplayable):
        actions.replay_parked(actor=lead(), now=NOW, parked_id=held.pk)
    held.refresh_from_db()
    assert held.status == "parked"


def test_discarding_is_noted_once() -> None:
    held = parked(source(), [])
    for _ in range(2):
        actions.discard_parked(actor=lead(), now=NOW, parked_id=held.pk)
    held.refresh_from_db()
    assert (held.status, held.discarded_at, AuditEntry.objects.count()) == ("discarded", NOW, 1)
