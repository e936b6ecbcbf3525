"""Alertmanager's API below a source's key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from steward.response.suppression import actions, queries
from steward.response.suppression.models import Silence
from steward.response.suppression.tests.factories import lead, silence
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.models import Alert, Source
from steward.signals.alerts.tests.factories import call, posted, source, with_door

pytestmark = pytest.mark.django_db(transaction=True)
SILENCES, ALERTS = "/in/k/api/v2/silences", "/in/k/api/v2/alerts"


@pytest.fixture
def k(transactional_db: None) -> Source:
    made = source("k", name="Prometheus north")
    actions.let_source_silence(actor=lead(), now=datetime.now(UTC), source_id=made.pk, allowed=True)
    queries.forget()
    return made


def body(**changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "matchers": [{"name": "alertname", "value": "Disk.*", "isRegex": True, "isEqual": True}],
        "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat(), "createdBy": "ann",
        "comment": "why", **changes,
    }  # fmt: skip


def ask(*requests: Any) -> list[Any]:
    async def story(app: Application) -> list[Any]:
        answers = []
        for each in requests:
            path, content, more = each if isinstance(each, tuple) else (each, None, {})
            answers.append(await call(app, path, content, **more))
        return answers

    return with_door(story)  # type: ignore[no-any-return]


def test_making_reading_and_expiring(k: Source) -> None:
    (made,) = ask((SILENCES, body(), {}))
    uuid = made.json["silenceID"]
    stored = Silence.objects.get()
    assert (stored.source_id, stored.author, str(stored.uuid)) == (k.pk, "ann", uuid)
    listed, one, gone, again, after = ask(
        SILENCES, f"/in/k/api/v2/silence/{uuid}", (f"/in/k/api/v2/silence/{uuid}", None, {"method": "DELETE"}),
        (f"/in/k/api/v2/silence/{uuid}", None, {"method": "DELETE"}), SILENCES,
    )  # fmt: skip
    assert listed.json == [one.json] and one.json["status"] == {"state": "active"}
    assert one.json["matchers"] == body()["matchers"]
    assert (gone.status, again.status, after.json[0]["status"]["state"]) == (200, 200, "expired")


def test_an_alert_says_that_it_is_silenced(k: Source) -> None:
    uuid = ask((ALERTS, [posted("DiskFull"), posted("Other")], {}), (SILENCES, body(), {}))[1].json["silenceID"]
    every, active, silenced, groups, filtered = ask(
        ALERTS, (ALERTS, None, {"query": b"silenced=false"}), (ALERTS, None, {"query": b"active=false"}),
        ALERTS + "/groups", (SILENCES, None, {"query": b"filter=alertname%3DOther"}),
    )  # fmt: skip
    status = {each["labels"]["alertname"]: each["status"] for each in every.json}
    assert status["DiskFull"] == {"state": "suppressed", "silencedBy": [uuid], "inhibitedBy": []}
    assert status["Other"] == {"state": "active", "silencedBy": [], "inhibitedBy": []}
    assert [each["labels"]["alertname"] for each in active.json] == ["Other"]
    assert [each["labels"]["alertname"] for each in silenced.json] == ["DiskFull"]
    assert [each["labels"] for each in groups.json] == [{"alertname": "DiskFull"}, {"alertname": "Other"}]
    assert filtered.json == []


def test_inhibited_alerts_are_told_apart(k: Source) -> None:
    ask((ALERTS, [posted("A")], {}))
    Alert.objects.update(standing={"kind": "inhibition", "id": 7, "text": "x"})
    every, others, receivers, wrong = ask(
        ALERTS, (ALERTS, None, {"query": b"inhibited=false"}), (ALERTS, None, {"query": b"receiver=steward"}),
        (ALERTS, None, {"query": b"receiver=x"}),
    )  # fmt: skip
    assert every.json[0]["status"] == {"state": "suppressed", "silencedBy": [], "inhibitedBy": ["7"]}
    assert (others.json, len(receivers.json), wrong.json) == ([], 1, [])


def test_an_update_keeps_the_id_or_makes_another(k: Source) -> None:
    (made,) = ask((SILENCES, body(), {}))
    uuid = made.json["silenceID"]
    kept = {**body(comment="longer"), "id": uuid, "startsAt": Silence.objects.get().starts_at.isoformat()}
    (same,) = ask((SILENCES, kept, {}))
    assert same.json["silenceID"] == uuid
    (other,) = ask((SILENCES, {**kept, "matchers": [{"name": "a", "value": "b", "isRegex": False}]}, {}))
    assert other.json["silenceID"] != uuid and Silence.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"comment": ""}, 400), ({"matchers": []}, 400), ({"matchers": [{"name": "", "value": ""}]}, 400),
        ({"endsAt": "soon"}, 400), ({"endsAt": "2020-01-01T00:00:00Z"}, 400), ({"id": "x"}, 404),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400), ({"startsAt": "2026-01-01T00:00:00"}, 400),
        ({"matchers": [{"name": 5, "value": "x"}]}, 400), ({"matchers": "a=b"}, 400),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(k: Source, changes: dict[str, Any], status: int) -> None:
    (answer,) = ask((SILENCES, body(**changes), {}))
    assert answer.status == status and not Silence.objects.exists()


def test_a_key_needs_to_be_allowed_and_reaches_its_own_only(k: Source) -> None:
    source("other")
    ours, page = (
        silence(source_id=k.pk, now=datetime.now(UTC), ends_at=datetime.now(UTC) + timedelta(hours=1)),
        silence(now=datetime.now(UTC), ends_at=datetime.now(UTC) + timedelta(hours=1)),
    )
    refused, listed, hidden, shown, foreign, kept, unsaid = ask(
        ("/in/other/api/v2/silences", body(), {}), "/in/other/api/v2/silences",
        f"/in/other/api/v2/silence/{ours.uuid}", f"/in/k/api/v2/silence/{page.uuid}",
        (f"/in/other/api/v2/silence/{ours.uuid}", None, {"method": "DELETE"}),
        (f"/in/k/api/v2/silence/{page.uuid}", None, {"method": "DELETE"}), ("/in/k/api/v2/silences", None, {"method": "PUT"}),
    )  # fmt: skip
    assert (refused.status, listed.json, hidden.status, shown.status) == (400, [], 404, 200)
    assert (foreign.status, kept.status, unsaid.status) == (403, 404, 405)
    assert "may not manage silences" in refused.json


def test_a_source_that_takes_only_what_is_signed_takes_no_silences(k: Source) -> None:
    Source.objects.filter(pk=k.pk).update(secret="x")
    answers = ask(SILENCES)
    assert answers[0].status in (403, 503)


def test_what_recurs_is_shown_with_its_run_and_edited_elsewhere(k: Source) -> None:
    now = datetime.now(UTC)
    made = silence(
        source_id=k.pk, now=now, starts_at=now + timedelta(hours=1), ends_at=None, rrule="FREQ=DAILY",
        duration=timedelta(hours=2), time_zone="UTC",
    )  # fmt: skip
    listed, refused = ask(SILENCES, (SILENCES, {**body(), "id": str(made.uuid)}, {}))
    assert listed.json[0]["status"] == {"state": "pending"}
    assert datetime.fromisoformat(listed.json[0]["endsAt"]) == made.holds_until
    assert refused.status == 400
