import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.signals.alerts.ingest.sources import PARSERS, Received, TooManyAlerts, Unreadable
from steward.signals.alerts.tests.factories import NOW, iso

WEBHOOK = {
    "receiver": "steward",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "InstanceDown", "instance": "localhost:9100", "job": "node"},
            "annotations": {"summary": "localhost:9100 is down"},
            "startsAt": "2026-03-02T11:58:27.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prom:9090/graph?g0.expr=up+%3D%3D+0",
            "fingerprint": "a3f5c9d2e8b1f4a7",
        },
        {
            "status": "resolved",
            "labels": {"alertname": "InstanceDown", "instance": "localhost:9101", "job": "node"},
            "annotations": {},
            "startsAt": "2026-03-02T11:00:00+01:00",
            "endsAt": "2026-03-02T11:59:00Z",
            "generatorURL": "",
            "fingerprint": "b3f5c9d2e8b1f4a7",
        },
    ],
    "groupLabels": {"alertname": "InstanceDown"},
    "commonLabels": {"alertname": "InstanceDown", "job": "node"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager:9093",
    "version": "4",
    "groupKey": '{}:{alertname="InstanceDown"}',
    "truncatedAlerts": 0,
}


def parse(endpoint: str, value: Any) -> Any:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return PARSERS[endpoint][1](Received(body, NOW, endpoint))


def v2(**changes: Any) -> Any:
    return parse("api/v2/alerts", [{"labels": {"alertname": "A"}, **changes}])


def error_of(parsed: Any) -> str:
    assert not parsed.good and len(parsed.bad) == 1
    return str(parsed.bad[0].error)


def test_webhook_of_a_real_alertmanager() -> None:
    parsed = parse("alertmanager", WEBHOOK)
    first, second = parsed.good
    assert (first.resolved, first.ends_at, first.expires) == (False, None, None)
    assert first.starts_at is not None and first.starts_at.microsecond == 123456
    assert (second.resolved, iso(second.ends_at)) == (True, "2026-03-02T11:59:00Z")
    assert iso(second.starts_at) == "2026-03-02T10:00:00Z"


def test_v2_ends() -> None:
    assert (v2().good[0].resolved, v2().good[0].expires) == (False, "timeout")
    assert v2(endsAt=iso(NOW)).good[0].resolved
    assert not v2(endsAt=iso(NOW + timedelta(seconds=1))).good[0].resolved
    assert v2(endsAt="0001-01-01T00:00:00.000Z").good[0].ends_at is None


def test_empty_labels_count_as_missing() -> None:
    parsed = v2(labels={"alertname": "A", "team": ""})
    assert parsed.good[0].labels == {"alertname": "A"}
    assert "at least one label" in error_of(v2(labels={"team": ""}))


def test_alertname_is_not_needed() -> None:
    parsed = v2(labels={"job": "node", "instance": "a"})
    assert parsed.good[0].name == "instance=a"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"labels": None}, "must be an object"),
        ({"labels": ["alertname"]}, "must be an object"),
        ({"labels": {}}, "at least one label"),
        ({"labels": {"a": 1}}, "must be text"),
        ({"labels": {"": "x"}}, "no name"),
        ({"labels": {"a" * 201: "x"}}, "200"),
        ({"labels": {"a": "x" * 4097}}, "4096"),
        ({"labels": {"a": "x\x00"}}, "NUL"),
        ({"labels": {"a\x00": "x"}}, "NUL"),
        ({"labels": {"a": "\ud800"}}, "Unicode"),
        ({"labels": {f"l{n}": "x" for n in range(10_000)}}, "64 labels"),
        ({"annotations": {"a": None}}, "annotation must be text"),
        ({"annotations": {"a": "x" * 32_769}}, "32768"),
        ({"generatorURL": 5}, "generator URL"),
        ({"generatorURL": "h" * 8_193}, "8192"),
        ({"startsAt": 5}, "startsAt must be a time"),
        ({"startsAt": "yesterday"}, "startsAt must be a time"),
        ({"startsAt": "2026-02-30T00:00:00Z"}, "startsAt must be a time"),
        ({"startsAt": "2026-W09-1T00:00:00Z"}, "startsAt must be a time"),
        ({"startsAt": "1999-12-31T23:59:59Z"}, "before the year 2000"),
        ({"startsAt": iso(NOW + timedelta(days=2))}, "more than a day ahead"),
        ({"endsAt": "9999-12-31T23:59:59Z"}, "days ahead"),
        ({"startsAt": iso(NOW), "endsAt": iso(NOW - timedelta(seconds=1))}, "start is after the end"),
    ],
)
def test_bad_alerts_say_why(changes: dict[str, Any], error: str) -> None:
    assert error in error_of(v2(**changes))


def test_the_good_alerts_of_a_mixed_body_are_kept() -> None:
    body = (
        b'[{"labels":{"a":"\xff"}},{"labels":{"a":"\xc3\xa9"}},{"labels":{"a":"\\ud800"}},7,{"labels":{"b":"\\u0000"}}]'
    )
    parsed = parse("api/v2/alerts", body)
    assert [alert.labels for alert in parsed.good] == [{"a": "é"}]
    assert len(parsed.bad) == 4


# Syslog and e-mail are text: nearly anything is a message.
@pytest.mark.parametrize("endpoint", sorted(PARSERS.keys() - {"syslog", "email"}))
@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"nul", b"[" * 100_000, b"NaN", b"1" * 5_000, b'"x"'])
def test_bodies_that_are_nothing(endpoint: str, body: bytes) -> None:
    with pytest.raises(Unreadable):
        PARSERS[endpoint][1](Received(body, NOW, endpoint))


def test_too_many_alerts() -> None:
    with pytest.raises(TooManyAlerts):
        parse("api/v2/alerts", [{}] * 10_001)


@pytest.mark.parametrize("payload", [{"version": "3", "alerts": []}, {"version": ["4"], "alerts": []}, {"alerts": {}}])
def test_webhooks_that_are_none(payload: Any) -> None:
    with pytest.raises(Unreadable):
        parse("alertmanager", payload)


def test_an_event() -> None:
    (event,) = parse(
        "events",
        {
            "name": "BackupFailed",
            "severity": "critical",
            "labels": {"host": "db-3"},
            "summary": "Nightly backup failed",
            "expires_in": 3600,
        },
    ).good
    assert event.labels == {"host": "db-3", "alertname": "BackupFailed", "severity": "critical"}
    assert event.annotations == {"summary": "Nightly backup failed"}
    assert (event.expires, event.resolved) == (3600, False)


def test_an_event_ends_by_status_or_time() -> None:
    ends = [{"name": "A", "status": "resolved"}, {"name": "A", "ends_at": iso(NOW)}, {"name": "A", "status": "firing"}]
    assert [event.resolved for event in parse("events", ends).good] == [True, True, False]


@pytest.mark.parametrize(
    "event",
    [
        {"nmae": "x"},
        {"name": 5},
        {"name": "x", "expires_in": True},
        {"name": "x", "status": "open"},
        {"labels": []},
        [],
    ],
)
def test_bad_events(event: Any) -> None:
    assert error_of(parse("events", [event]))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["labels", "annotations", "startsAt", "endsAt", "generatorURL", "status", "alerts", "version", "name", "expires_in"]
)
ALERTS = st.dictionaries(FIELDS, JUNK | st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4))


@given(endpoint=st.sampled_from(list(PARSERS)), value=JUNK | st.lists(ALERTS, max_size=4) | ALERTS)
def test_any_json_is_understood_parked_or_refused(endpoint: str, value: Any) -> None:
    _never_breaks(endpoint, json.dumps(value).encode())


@given(endpoint=st.sampled_from(list(PARSERS)), body=st.binary(max_size=200))
def test_any_bytes_are_understood_parked_or_refused(endpoint: str, body: bytes) -> None:
    _never_breaks(endpoint, body)


def _never_breaks(endpoint: str, body: bytes) -> None:
    try:
        parsed = PARSERS[endpoint][1](Received(body, NOW, endpoint))
    except Unreadable:
        return
    for alert in parsed.good:
        text = "".join([*alert.labels, *alert.labels.values(), *alert.annotations, *alert.annotations.values()])
        assert alert.labels and all(alert.labels.values())
        assert "\x00" not in text and text.encode() is not None
        assert len(alert.fingerprint) == 16
