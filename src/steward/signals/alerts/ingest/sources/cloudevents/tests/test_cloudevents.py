"""CloudEvents 1.0."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.ingest.sources import Received, Unreadable
from steward.signals.alerts.ingest.sources.cloudevents import KIND
from steward.signals.alerts.tests.factories import call, source, with_door
from steward.signals.alerts.tests.kinds import NOW, check_garbage, check_samples, check_set_up, read, sample

PATH = "cloudevents"
FOLDER = Path(__file__).resolve().parent.parent
BINARY = {
    "Content-Type": "application/json; charset=utf-8",
    "ce-specversion": "1.0",
    "ce-id": "A234-1234-1234",
    "ce-source": "/backup/nightly",
    "ce-type": "org.example.backup.failed",
    "ce-subject": "db%2D3",
    "ce-time": "2026-03-02T11:30:00Z",
    "ce-severity": "critical",
    "ce-team": "storage",
}


def test_samples() -> None:
    check_samples("cloudevents", "cloudevents", FOLDER)
    check_samples("cloudevents", "cloudevents", FOLDER, headers={"content-type": "application/cloudevents+json"})


def test_an_event_fires_and_the_one_that_ends_it_resolves_the_same_alert() -> None:
    (firing,) = read("cloudevents", sample(FOLDER, "firing.json")).good
    (resolved,) = read("cloudevents", sample(FOLDER, "resolved.json")).good
    assert firing.labels == {
        "alertname": "org.example.backup.failed",
        "source": "/backup/nightly",
        "subject": "db-3",
        "severity": "critical",
        "team": "storage",
    }
    assert (firing.resolved, firing.ends_at) == (False, None)
    assert firing.starts_at == datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
    assert firing.annotations["summary"] == "Nightly backup of db-3 failed"
    assert firing.annotations["description"] == "No space left on device"
    assert '"attempt":2' in firing.annotations["data"] and firing.annotations["traceparent"].startswith("00-0af7")
    assert firing.generator_url == "https://backup.example.org/jobs/17"
    assert (resolved.resolved, resolved.ends_at) == (True, datetime(2026, 3, 2, 11, 50, tzinfo=UTC))
    assert resolved.fingerprint == firing.fingerprint


def test_binary_mode_says_the_same_as_structured_mode() -> None:
    structured = sample(FOLDER, "firing.json")
    (one,) = read("cloudevents", structured).good
    (other,) = read("cloudevents", structured["data"], headers=BINARY).good
    assert other.labels == one.labels and other.starts_at == one.starts_at and other.generator_url == one.generator_url
    assert {**other.annotations, "traceparent": one.annotations["traceparent"]} == one.annotations


@pytest.mark.parametrize(
    ("media", "body", "description"),
    [("text/plain", b"Full \xff", "Full \ufffd"), ("application/json", b"[", "["), ("", b"7", "7"), ("", b"", None)],
)
def test_binary_mode_with_any_data(media: str, body: bytes, description: str | None) -> None:
    (found,) = read("cloudevents", body, headers={**BINARY, "Content-Type": media}).good
    assert found.annotations.get("description") == description


def test_a_batch_with_one_end_and_data_in_base64() -> None:
    opened, closed, old = read("cloudevents", sample(FOLDER, "batch.json")).good
    assert (opened.name, opened.resolved, closed.resolved) == ("org.example.link", False, True)
    assert opened.fingerprint == closed.fingerprint and opened.labels["interface"] == "7"
    assert opened.labels["primary"] == "true" and opened.annotations["description"] == "Link 7 is down"
    assert opened.starts_at == datetime(2026, 3, 2, 10, 40, 0, 500000, UTC)
    assert (old.annotations["summary"], old.starts_at) == ("Firmware is old", None)


@pytest.mark.parametrize(
    ("ending", "resolved"),
    [("resolved", True), ("Recovered", True), ("closed", True), ("firing", False), ("resolved.not", False)],
)
def test_endings(ending: str, resolved: bool) -> None:
    event = {**sample(FOLDER, "firing.json"), "type": f"org.example.backup.failed.{ending}"}
    assert read("cloudevents", event).good[0].resolved is resolved


def test_bad_events_are_parked_alone_in_a_body_that_can_be_replayed() -> None:
    batch = sample(FOLDER, "batch.json")
    batch[0]["specversion"], batch[2]["id"] = "0.3", ""
    parsed = read("cloudevents", batch)
    assert len(parsed.good) == 1 and len(parsed.bad) == 2 and parsed.repack is not None
    assert len(read("cloudevents", parsed.repack([batch[1]])).good) == 1
    alone = read("cloudevents", {**sample(FOLDER, "firing.json"), "type": 7})
    assert not alone.good and alone.repack is not None and alone.repack([sample(FOLDER, "firing.json")])["id"]
    assert read("cloudevents", b"{}", headers={**BINARY, "ce-id": ""}).bad


def test_neither_mode() -> None:
    with pytest.raises(Unreadable, match="CloudEvent"):
        read("cloudevents", "x")


@pytest.mark.parametrize(
    ("header", "query", "fine"),
    [
        ("Bearer s3cret", "", True),
        ("bearer s3cret", "", True),
        ("", "access_token=s3cret", True),
        ("Basic s3cret", "", False),
        ("Bearer other", "access_token=s3cret", False),
        ("", "", False),
    ],
)
def test_only_the_token_opens(header: str, query: str, fine: bool) -> None:
    assert KIND.verify is not None
    received = Received(b"{}", NOW, "cloudevents", query, [(b"authorization", header.encode())])
    assert (KIND.verify(received, "s3cret") == "") is fine


def test_garbage() -> None:
    check_garbage("cloudevents", sample(FOLDER, "firing.json"))
    check_garbage("cloudevents", sample(FOLDER, "batch.json"))
    data: Any = sample(FOLDER, "firing.json")["data"]
    check_garbage("cloudevents", data, headers=BINARY)


def test_set_up() -> None:
    assert "application/cloudevents+json" in check_set_up("cloudevents")


@pytest.mark.django_db(transaction=True)
def test_the_handshake_of_web_hooks() -> None:
    source("k")

    async def story(app: Application) -> list[Any]:
        async def ask(path: str = PATH, **headers: str) -> Any:
            pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
            return await call(app, f"/in/k/{path}", method="OPTIONS", headers=pairs)

        return [
            await ask(webhook_request_origin="eventgrid.azure.net", webhook_request_rate="120"),
            await ask(webhook_request_origin="eventemitter.example.com"),
            await ask(webhook_request_origin="x.example.com", webhook_request_rate="many"),
            await ask(origin="https://example.com", access_control_request_method="POST"),
            await ask(webhook_request_origin="a\r\nb: c"),
            await ask("events", webhook_request_origin="x"),
            await call(app, "/in/other/cloudevents", method="OPTIONS"),
            await call(app, f"/in/k/{PATH}", method="PUT"),
        ]

    first, plain, many, nothing, split, events, unknown, put = with_door(story)
    assert (first.status, first.body) == (200, b"")
    assert first.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    assert (first.headers["WebHook-Allowed-Rate"], first.headers["allow"]) == ("120", "POST, OPTIONS")
    assert plain.status == 200 and "WebHook-Allowed-Rate" not in plain.headers
    assert many.headers["WebHook-Allowed-Rate"] == "*"
    assert [each.status for each in (nothing, split, events, unknown, put)] == [400, 400, 405, 404, 405]
    assert put.headers["allow"] == "POST, OPTIONS" and events.headers["allow"] == "POST"
