"""Events of Kubernetes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from steward.signals.alerts.ingest.sources import Normalised, Unreadable
from steward.signals.alerts.tests.kinds import NOW, check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent


def one(name: str, *, query: str = "", now: datetime = NOW, **changes: Any) -> Normalised:
    (found,) = read("kubernetes", {**sample(FOLDER, name), **changes}, query=query, now=now).good
    return found


def test_samples() -> None:
    check_samples("kubernetes", "kubernetes", FOLDER)


def test_a_warning_of_the_core_api() -> None:
    found = one("event-v1.json")
    assert found.labels == {
        "alertname": "BackOff",
        "severity": "warning",
        "namespace": "shop",
        "kind": "Pod",
        "name": "orders-7d9f",
        "container": "app",
        "component": "kubelet",
    }
    assert (found.resolved, found.ends_at, found.generator_url) == (False, None, "")
    assert found.starts_at == datetime(2026, 3, 2, 11, 20, tzinfo=UTC)
    assert found.annotations == {
        "summary": "Back-off restarting failed container app in pod orders-7d9f_shop",
        "count": "12",
        "node": "node-3",
        "reported_by": "node-3",
    }


def test_a_warning_of_the_newer_api() -> None:
    found = one("event-events-k8s-io-v1.json")
    assert (found.name, found.severity, found.labels["name"]) == ("FailedScheduling", "warning", "orders-8c4d")
    assert found.labels["component"] == "default-scheduler"
    assert found.annotations["summary"] == "0/3 nodes are available: 3 Insufficient memory."
    assert found.starts_at == datetime(2026, 3, 2, 11, 58, 0, 123456, UTC)


def test_repetitions_are_the_same_alert_for_another_hour() -> None:
    first = one("event-v1.json")
    last = datetime(2026, 3, 2, 11, 50, tzinfo=UTC)
    assert first.expires == 3600 - 600  # ten minutes of the hour are over
    assert one("event-v1.json", now=last).expires == 3600
    again = one("event-v1.json", count=13, lastTimestamp="2026-03-02T12:00:00Z")
    assert (again.expires, again.fingerprint) == (3600, first.fingerprint)
    assert one("event-v1.json", now=last - timedelta(seconds=90)).expires == 3600  # a clock that is ahead


def test_what_has_not_repeated_for_an_hour_is_over() -> None:
    _backoff, node, series = read("kubernetes", sample(FOLDER, "list.json")).good
    assert (node.name, node.resolved, node.expires) == ("ImageGCFailed", True, None)
    assert node.ends_at == datetime(2026, 3, 2, 11, 40, tzinfo=UTC)
    assert (series.resolved, series.expires, series.annotations["count"]) == (False, 3570, "40")
    assert one("event-v1.json", now=NOW + timedelta(hours=1)).fingerprint == one("event-v1.json").fingerprint


def test_an_old_event_does_not_end_what_another_about_the_same_says() -> None:
    event = sample(FOLDER, "event-v1.json")
    old = {**event, "message": "another", "lastTimestamp": "2026-03-02T10:30:00Z", "firstTimestamp": None}
    newer = {**event, "message": "newer", "lastTimestamp": "2026-03-02T11:55:00Z"}
    for items in ([old, newer, event], [event, newer, old]):
        (found,) = read("kubernetes", {"kind": "EventList", "items": items}).good
        assert (found.annotations["summary"], found.expires) == ("newer", 3300)


def test_normal_events_are_no_alerts() -> None:
    assert [found.name for found in read("kubernetes", sample(FOLDER, "list.json")).good] == [
        "BackOff", "ImageGCFailed", "Unhealthy",
    ]  # fmt: skip
    parsed = read("kubernetes", {**sample(FOLDER, "event-v1.json"), "type": "Normal"})
    assert not parsed.good and not parsed.bad
    parsed = read("kubernetes", {"kind": "EventList", "items": []})
    assert not parsed.good and not parsed.bad


def test_the_exporter_and_a_watch_send_the_same_events() -> None:
    plain = one("event-v1.json", query="cluster=prod")
    assert plain.labels["cluster"] == "prod"
    assert one("event-exporter.json").fingerprint == plain.fingerprint
    watched = read("kubernetes", sample(FOLDER, "watch.json"), query="cluster=prod").good
    assert [found.fingerprint for found in watched] == [plain.fingerprint]


def test_what_is_no_event_is_parked_alone_in_a_body_that_can_be_replayed() -> None:
    items = sample(FOLDER, "list.json")
    items["items"][0]["reason"] = ""
    items["items"].append("x")
    parsed = read("kubernetes", items)
    assert len(parsed.good) == 2 and len(parsed.bad) == 2 and parsed.repack is not None
    assert len(read("kubernetes", parsed.repack([sample(FOLDER, "event-v1.json")])).good) == 1
    alone = read("kubernetes", {"kind": "Pod"})
    assert alone.bad and alone.repack is not None and alone.repack([{"kind": "Pod"}]) == {"kind": "Pod"}
    with pytest.raises(Unreadable, match="Event"):
        read("kubernetes", "x")


def test_garbage() -> None:
    for name in ("event-v1.json", "event-events-k8s-io-v1.json", "list.json", "watch.json"):
        check_garbage("kubernetes", sample(FOLDER, name))


def test_set_up() -> None:
    page = check_set_up("kubernetes")
    assert "receiver: steward" in page and "kubectl get events" in page
