"""The ingest door, on real connections: what is stored, what is answered, what waits in memory."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steward.config.environment import load
from steward.signals.alerts import storing
from steward.signals.alerts.ingest import asgi, database
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.ingest.memory import Generations
from steward.signals.alerts.models import Alert, AlertChange, ParkedPayload, Source
from steward.signals.alerts.tests.factories import call, posted, source, with_door

pytestmark = pytest.mark.django_db(transaction=True)
V2 = "/in/k/api/v2/alerts"


@pytest.fixture
def k(transactional_db: None) -> Source:
    return source("k")


def codes() -> list[str]:
    return [change.reason["code"] for change in AlertChange.objects.order_by("id")]


async def trusting(app: Application) -> Any:
    """The application's running parts, once its memory may be used."""
    running = app._run()
    async with asyncio.timeout(10):
        while not running.memory.trusted:
            await asyncio.sleep(0.01)
    return running


async def until(check: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not await sync_to_async(check)():
            await asyncio.sleep(0.02)


def send(body: Any, path: str = V2, **more: Any) -> Any:
    async def story(app: Application) -> Any:
        return await call(app, path, body, **more)

    return with_door(story)


def test_answered_means_stored(k: Source) -> None:
    async def story(app: Application) -> None:
        answer = await call(app, V2, [posted()])
        assert (answer.status, answer.json) == (200, {"status": "success", "accepted": 1, "parked": 0})

        @sync_to_async
        def seen_by_another_connection() -> Any:
            with psycopg.connect(database.address()) as other:
                return other.execute(
                    "SELECT a.name, a.severity, a.status, c.reason->>'code', c.due_at IS NOT NULL"
                    " FROM alerts_alert a JOIN alerts_alertchange c ON c.alert_id = a.id"
                ).fetchall()

        assert await seen_by_another_connection() == [("DiskFull", "critical", "firing", "new", True)]

    with_door(story)


def test_new_changes_wake_the_engine_and_refreshes_do_not(k: Source) -> None:
    async def story(app: Application) -> list[str]:
        heard = []
        async with await psycopg.AsyncConnection.connect(database.address(), autocommit=True) as other:
            await other.execute("LISTEN steward_due")
            for _ in range(3):
                await call(app, V2, [posted()])
            async for note in other.notifies(timeout=0.5):
                heard.append(note.payload)
        return heard

    assert with_door(story) == ["alerts.change"]


def test_the_good_alerts_of_a_mixed_batch_are_kept_and_the_bad_parked(k: Source) -> None:
    answer = send([posted("A"), {"labels": {}}, {"labels": {"a": "x\x00"}}, posted("B"), {"labels": {}}])
    assert (answer.status, answer.json["accepted"], answer.json["parked"]) == (200, 2, 3)
    assert set(Alert.objects.values_list("name", flat=True)) == {"A", "B"}
    parked = {each.error: json.loads(bytes(each.raw)) for each in ParkedPayload.objects.all()}
    assert len(parked) == 2
    assert [{"labels": {}}, {"labels": {}}] in parked.values()


def test_a_body_without_a_usable_alert_is_refused_and_parked(k: Source) -> None:
    answer = send([{"labels": {f"l{n}": "x" for n in range(10_000)}}])
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert "64 labels" in answer.json["detail"] and answer.json["parked"] == 1
    assert ParkedPayload.objects.get().endpoint == "api/v2/alerts"


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe\x00", b'"x"', b"[" * 50_000])
def test_an_unreadable_body_is_refused_and_parked_as_it_came(k: Source, body: bytes) -> None:
    answer = send(body)
    assert (answer.status, answer.json["type"]) == (400, "urn:steward:problem:unreadable")
    assert bytes(ParkedPayload.objects.get().raw) == body


def test_unknown_and_disabled_keys(k: Source) -> None:
    assert send([], "/in/nope/api/v2/alerts").status == 404
    assert send([], "/in/").status == 404
    source("off", enabled=False)
    answer = send([posted()], "/in/off/events")
    assert (answer.status, answer.json["type"]) == (404, "urn:steward:problem:unknown-key")
    assert not Alert.objects.exists()


def test_paths_and_methods(k: Source) -> None:
    assert send([], "/in/k/api/v1/alerts").status == 404
    answer = send([], "/in/k/api/v2/alerts", method="PUT")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")
    assert send(None, "/in/k/events").status == 405
    assert send(None, "/in/k/-/healthy").json == {"status": "healthy"}
    assert send(None, "/in/k/api/v2/status").json["cluster"]["status"] == "disabled"


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit(k: Source, announced: bool) -> None:
    most = load().ingest_max_bytes
    if announced:
        answer = send(None, chunks=[b""], headers=[(b"content-length", str(most + 1).encode())])
    else:
        answer = send(None, chunks=[b"x" * (most // 2)] * 3)
    assert (answer.status, answer.json["limit"]) == (413, most)


def test_more_than_ten_thousand_alerts(k: Source) -> None:
    assert send([{"labels": {"a": "b"}}] * 10_001).status == 413
    assert not Alert.objects.exists()


def test_an_encoded_body_is_refused(k: Source) -> None:
    assert send(b"", headers=[(b"content-encoding", b"gzip")]).status == 415


def test_a_sender_of_rubbish_is_slowed_down(k: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "MAX_PARKED_A_MINUTE", 2)

    async def story(app: Application) -> list[int]:
        return [(await call(app, V2, b"{")).status for _ in range(3)]

    assert with_door(story) == [400, 400, 429]
    assert ParkedPayload.objects.count() == 2


def test_a_refresh_waits_in_memory_and_is_written_later(k: Source) -> None:
    later = datetime.now(UTC) + timedelta(minutes=30)

    async def story(app: Application) -> None:
        running = await trusting(app)
        await call(app, V2, [posted()])
        before = await sync_to_async(Alert.objects.get)()
        answer = await call(app, V2, [posted(end=later)])
        assert answer.json["accepted"] == 1
        assert len(running.memory.lazy) == 1
        untouched = await sync_to_async(Alert.objects.get)()
        assert (untouched.due_at, untouched.last_seen_at) == (before.due_at, before.last_seen_at)

    with_door(story)  # closing writes what waits
    alert = Alert.objects.get()
    assert alert.due_at == later
    assert alert.last_seen_at > alert.changed_at
    assert codes() == ["new"]


def test_a_near_end_is_moved_at_the_next_tick(k: Source) -> None:
    async def story(app: Application) -> datetime:
        await trusting(app)
        now = datetime.now(UTC)
        await call(app, V2, [posted(end=now + timedelta(seconds=15))])
        far = now + timedelta(minutes=5)
        await call(app, V2, [posted(end=far)])
        await until(lambda: Alert.objects.get().due_at == far)
        return far

    far = with_door(story)
    assert Alert.objects.get().due_at == far


def test_changed_annotations_are_stored_before_the_answer_without_a_change(k: Source) -> None:
    async def story(app: Application) -> None:
        await trusting(app)
        await call(app, V2, [posted()])
        await call(app, V2, [posted(annotations={"summary": "worse"})])
        alert = await sync_to_async(Alert.objects.get)()
        assert alert.annotations == {"summary": "worse"}
        await call(app, V2, [posted()])
        assert (await sync_to_async(Alert.objects.get)()).annotations == {"summary": "DiskFull is wrong"}

    with_door(story)
    assert codes() == ["new"]


def test_resolving_repeating_it_and_firing_again(k: Source) -> None:
    async def story(app: Application) -> None:
        await trusting(app)
        start = datetime.now(UTC) - timedelta(minutes=5)
        await call(app, V2, [posted(start=start)])
        for _ in range(2):
            await call(app, V2, [posted(start=start, end=datetime.now(UTC))])
        await call(app, V2, [posted()])

    with_door(story)
    assert codes() == ["new", "sender_resolved", "fired_again"]
    alert = Alert.objects.get()
    assert (alert.status, alert.ends_at, alert.fire_count) == ("firing", None, 2)


def test_one_body_may_bring_an_alert_twice(k: Source) -> None:
    now = datetime.now(UTC)
    start = now - timedelta(minutes=5)
    assert send([posted(start=start), posted(start=start, end=now), posted(start=now)]).json["accepted"] == 3
    assert codes() == ["new", "sender_resolved", "fired_again"]


def test_the_end_of_an_alert_never_seen_is_kept_and_tells_nobody(k: Source) -> None:
    send([posted(end=datetime.now(UTC))])
    alert = Alert.objects.get()
    assert (alert.status, alert.due_at, alert.fire_count, codes()) == ("resolved", None, 0, [])


def test_without_an_end_the_source_decides(k: Source) -> None:
    Source.objects.update(resolve_timeout=60)
    send([{"labels": {"alertname": "A"}}])
    alert = Alert.objects.get()
    assert alert.due_at == alert.last_seen_at + timedelta(seconds=60)


def test_the_webhook_and_events_fire_until_resolved(k: Source) -> None:
    hook = {
        "version": "4",
        "alerts": [{"status": "firing", "labels": {"alertname": "A"}, "endsAt": "0001-01-01T00:00:00Z"}],
    }
    assert send(hook, "/in/k/alertmanager").status == 200
    assert send({"name": "B", "expires_in": 60}, "/in/k/events").status == 200
    assert Alert.objects.get(name="A").due_at is None
    expiring = Alert.objects.get(name="B")
    assert expiring.due_at == expiring.last_seen_at + timedelta(seconds=60)
    hook["alerts"][0]["status"] = "resolved"  # type: ignore[index]
    send(hook, "/in/k/alertmanager")
    send([{"name": "B", "status": "resolved"}], "/in/k/events")
    assert set(Alert.objects.values_list("status", flat=True)) == {"resolved"}


def test_reading_back(k: Source) -> None:
    async def story(app: Application) -> Any:
        await call(app, V2, [posted("A"), posted("B", labels={"alertname": "B", "team": "db"})])
        await call(app, V2, [posted("C", end=datetime.now(UTC))])
        found = await call(app, V2, query=b"filter=team%3D%22db%22")
        every = await call(app, V2)
        none = await call(app, V2, query=b"active=false")
        wrong = await call(app, V2, query=b"filter=%3D")
        return found.json, every.json, none.json, wrong.status

    found, every, none, wrong = with_door(story)
    assert [alert["labels"]["alertname"] for alert in found] == ["B"]
    assert {alert["labels"]["alertname"] for alert in every} == {"A", "B"}
    assert found[0]["status"] == {"state": "active", "silencedBy": [], "inhibitedBy": []}
    assert (none, wrong) == ([], 400)


def test_the_source_notes_when_it_was_heard_of(k: Source) -> None:
    send([posted()])
    assert Source.objects.get().last_received_at is not None


def test_concurrent_requests_share_transactions(k: Source) -> None:
    async def story(app: Application) -> list[int]:
        running = await trusting(app)
        batches: list[int] = []
        write = running.writer._write

        async def counting(lane: Any, batch: Any, idents: Any) -> None:
            batches.append(len(batch))
            await write(lane, batch, idents)

        running.writer._write = counting
        answers = await asyncio.gather(*[call(app, V2, [posted(f"A{n}")]) for n in range(40)])
        assert {answer.status for answer in answers} == {200}
        return batches

    batches = with_door(story)
    assert sum(batches) == 40 and len(batches) < 40
    assert Alert.objects.count() == AlertChange.objects.count() == 40


def test_reports_of_one_alert_are_never_in_two_lanes(k: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """Firing and resolving it come at once, among others that fill both lanes: they are decided on as they came."""
    monkeypatch.setattr("steward.signals.alerts.ingest.writer.MAX_BATCH", 3)

    async def story(app: Application) -> tuple[int, bool]:
        running = await trusting(app)
        writer, busy, most, shared = running.writer, [], 0, False
        write, both = writer._write, asyncio.Event()

        async def watching(lane: Any, batch: Any, idents: Any) -> None:
            nonlocal most, shared
            shared = shared or any(not idents.isdisjoint(other) for other in busy)
            busy.append(idents)
            most = max(most, len(busy))
            if most > 1:
                both.set()
            # The first to write waits for the other lane, however slow the machine is just now.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(both.wait(), 5)
            both.set()
            await write(lane, batch, idents)
            busy[:] = [other for other in busy if other is not idents]

        writer._write = watching
        calls = []
        for n in range(20):
            others = [call(app, V2, [posted(f"Other{n}-{each}")]) for each in range(3)]
            one, over = call(app, V2, [posted("One")]), call(app, V2, [posted("One", end=datetime.now(UTC))])
            calls += [*others[:2], one, *others[2:], over]
        answers = await asyncio.gather(*calls)
        assert {answer.status for answer in answers} == {200}
        return most, shared

    assert with_door(story) == (2, False)
    states = list(AlertChange.objects.filter(alert__name="One").order_by("id").values_list("status", flat=True))
    assert states[0] == "firing" and all(one != two for one, two in itertools.pairwise(states))


def test_data_that_the_database_refuses_fails_alone(k: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(app: Application) -> list[int]:
        await trusting(app)
        # As if a text slipped through the parser that PostgreSQL does not take.
        plain = storing._plain
        monkeypatch.setattr(storing, "_plain", lambda text: plain(text) + ("\x00" if text == "Bad" else ""))
        answers = await asyncio.gather(*[call(app, V2, [posted(name)]) for name in ("A", "Bad", "B")])
        return [answer.status for answer in answers]

    assert with_door(story) == [200, 400, 200]
    assert set(Alert.objects.values_list("name", flat=True)) == {"A", "B"}
    assert ParkedPayload.objects.count() == 1


def test_without_a_database_nothing_is_promised(k: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(app: Application) -> None:
        running = await trusting(app)
        assert (await call(app, V2, [posted("A")])).status == 200
        good = running.writer.lanes[0].conninfo
        for lane in running.writer.lanes:
            await lane.close()
            lane.conninfo = "host=127.0.0.1 port=1 connect_timeout=1 dbname=x user=x"
        answer = await call(app, V2, [posted("B")])
        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
        for lane in running.writer.lanes:
            lane.conninfo = good
        assert (await call(app, V2, [posted("B")])).status == 200

    with_door(story)
    assert set(Alert.objects.values_list("name", flat=True)) == {"A", "B"}


def test_a_connection_that_dies_is_made_again(k: Source) -> None:
    async def story(app: Application) -> set[int]:
        await trusting(app)
        await call(app, V2, [posted("A")])

        @sync_to_async
        def cut_off() -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'steward-ingest' AND datname = current_database()"
                )

        await cut_off()
        statuses = {(await call(app, V2, [posted(f"B{n}")])).status for n in range(4)}
        await trusting(app)
        assert (await call(app, V2, [posted("C")])).status == 200
        return statuses

    assert with_door(story) <= {200, 503}
    assert Alert.objects.filter(name="C").exists()


def test_what_ended_elsewhere_is_not_taken_for_firing(k: Source) -> None:
    """Another process resolves; the refresh that this one gets afterwards must fire anew, not be swallowed."""

    async def story(one: Application, two: Application) -> None:
        running, _ = await trusting(one), await trusting(two)
        start = datetime.now(UTC) - timedelta(minutes=5)
        await call(one, V2, [posted(start=start)])
        assert len(running.memory.known) == 1
        await call(two, V2, [posted(start=start, end=datetime.now(UTC))])
        async with asyncio.timeout(10):
            while len(running.memory.known):
                await asyncio.sleep(0.01)
        await call(one, V2, [posted(start=start)])

    with_door(story, doors=2)
    assert codes() == ["new", "sender_resolved", "fired_again"]


def test_a_refresh_of_what_turns_out_to_have_ended_is_decided_again(k: Source) -> None:
    """The word that it ended was lost: writing the refresh finds out, and newer counts."""

    async def story(app: Application) -> None:
        await trusting(app)
        await call(app, V2, [posted()])

        @sync_to_async
        def end_unheard(moment: datetime) -> None:
            Alert.objects.update(status="resolved", ends_at=moment, changed_at=moment, due_at=None)

        await end_unheard(datetime.now(UTC))
        await call(app, V2, [posted()])
        assert (await sync_to_async(Alert.objects.get)()).status == "resolved"

    with_door(story)
    assert codes() == ["new", "fired_again"]
    assert Alert.objects.get().status == "firing"


def test_a_refresh_heard_before_the_end_does_not_undo_it(k: Source) -> None:
    async def story(app: Application) -> None:
        await trusting(app)
        await call(app, V2, [posted()])
        await call(app, V2, [posted(end=datetime.now(UTC) + timedelta(minutes=9))])
        ended = datetime.now(UTC) + timedelta(seconds=1)
        await sync_to_async(Alert.objects.update)(status="resolved", ends_at=ended, changed_at=ended, due_at=None)

    with_door(story)
    assert Alert.objects.get().status == "resolved"
    assert codes() == ["new"]


def test_memory_without_a_listener_is_not_used(k: Source) -> None:
    async def story(app: Application) -> None:
        running = await trusting(app)
        await call(app, V2, [posted()])
        running.listening.cancel()
        await asyncio.gather(running.listening, return_exceptions=True)
        await sync_to_async(Alert.objects.update)(status="resolved", changed_at=datetime.now(UTC), due_at=None)
        await call(app, V2, [posted()])

    with_door(story)
    assert codes() == ["new", "fired_again"]


def test_the_memory_is_bounded_and_keeps_what_is_used() -> None:
    kept: Generations[int, int] = Generations(10)
    kept.put(-1, -1)
    for number in range(1_000):
        kept.put(number, number)
        assert kept.get(-1) == -1
    assert len(kept) <= 20
    assert (kept.get(999), kept.get(0)) == (999, None)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bodies=st.lists(
        st.tuples(
            st.sampled_from(["api/v2/alerts", "alertmanager", "events"]),
            st.binary(max_size=80)
            | st.lists(st.dictionaries(st.sampled_from(["labels", "name", "endsAt"]), st.text(max_size=6)), max_size=3)
            | st.dictionaries(st.sampled_from(["alerts", "version", "name", "labels"]), st.text(max_size=6)),
        ),
        max_size=4,
    )
)
def test_garbage_never_is_a_fault(k: Source, bodies: list[tuple[str, Any]]) -> None:
    async def story(app: Application) -> list[int]:
        return [(await call(app, f"/in/k/{path}", body)).status for path, body in bodies]

    for status in with_door(story):
        assert status in {200, 400, 413, 429}
