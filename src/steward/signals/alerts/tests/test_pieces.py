"""Reading in pieces gives what reading as a whole gives, whatever the alerts say, and also the second time."""

import json
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from steward.signals.alerts.ingest import pieces
from steward.signals.alerts.ingest.memory import Memory
from steward.signals.alerts.ingest.sources import Received, Unreadable
from steward.signals.alerts.ingest.sources.alertmanager import api_v2
from steward.signals.alerts.tests.factories import NOW, iso

NASTY = st.sampled_from(['},{"', '"endsAt":"', "endsAt", '"', "\\", "}]", '[{"', "é", "a", "2026-03-02T12:04:00Z"])
TEXT = st.lists(NASTY, min_size=1, max_size=3).map("".join)
ENDS = st.sampled_from([iso(NOW + timedelta(minutes=4)), iso(NOW - timedelta(minutes=1)), "", "rubbish", None])
ALERT = st.fixed_dictionaries(
    {"labels": st.dictionaries(TEXT, TEXT, min_size=1, max_size=3)},
    optional={
        "annotations": st.dictionaries(TEXT, TEXT, max_size=2),
        "startsAt": st.just(iso(NOW - timedelta(minutes=5))),
        "endsAt": ENDS,
        "extra": st.just([{"endsAt": iso(NOW + timedelta(minutes=9))}, {"annotations": {}}]),
    },
)


def remembering() -> Memory:
    memory = Memory()
    memory.trusted = True
    return memory


def body_of(alerts: list[Any], *, ascii_only: bool = True, order: bool = False) -> bytes:
    return json.dumps(alerts, separators=(",", ":"), ensure_ascii=ascii_only, sort_keys=order).encode()


def learn(memory: Memory, body: bytes) -> None:
    """As after storing: every alert of the body that fires is known."""
    for alert in api_v2.parse(Received(body, NOW)).good:
        if not alert.resolved:
            starts = alert.starts_at.timestamp() if alert.starts_at else NOW.timestamp()
            memory.learn((1, alert.fingerprint), 1, alert.content, starts, 0.0, 0.0)


def sides(body: bytes, memory: Memory) -> tuple[set[bytes], set[bytes], int]:
    """(firing fingerprints, ended fingerprints, number of bad alerts) as reading in pieces sees them."""
    found = pieces.read(body, memory, 1, NOW, 300)
    refreshed = {known.ident[1] for known in memory.waiting(NOW.timestamp(), everything=True)}
    parsed = found.parsed if found is not None else api_v2.parse(Received(body, NOW))
    firing = {alert.fingerprint for alert in parsed.good if not alert.resolved} | refreshed
    return firing, {alert.fingerprint for alert in parsed.good if alert.resolved}, len(parsed.bad)


def whole(body: bytes) -> tuple[set[bytes], set[bytes], int]:
    parsed = api_v2.parse(Received(body, NOW))
    firing = {alert.fingerprint for alert in parsed.good if not alert.resolved}
    return firing, {alert.fingerprint for alert in parsed.good if alert.resolved}, len(parsed.bad)


@given(st.lists(ALERT, min_size=1, max_size=4), st.booleans(), st.booleans(), st.data())
def test_pieces_and_whole_agree(alerts: list[Any], ascii_only: bool, order: bool, data: st.DataObject) -> None:
    memory = remembering()
    body = body_of(alerts, ascii_only=ascii_only, order=order)
    assert sides(body, memory) == whole(body)
    learn(memory, body)
    assert sides(body, memory) == whole(body)
    for alert in alerts:  # the same alerts, other ends: what was learnt must not be believed too far
        if "endsAt" in alert:
            alert["endsAt"] = data.draw(ENDS)
    moved = body_of(alerts, ascii_only=ascii_only, order=order)
    assert sides(moved, memory) == whole(moved)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_the_same_or_left_to_the_whole(body: bytes) -> None:
    body = b'[{"' + body + b"}]"
    found = pieces.read(body, remembering(), 1, NOW, 300)
    if found is not None:
        parsed = api_v2.parse(Received(body, NOW))
        assert [alert.labels for alert in found.parsed.good] == [alert.labels for alert in parsed.good]
        assert len(found.parsed.bad) == len(parsed.bad)


def test_what_is_not_compact_is_left_to_the_whole() -> None:
    body = json.dumps([{"labels": {"a": "b"}}, {"labels": {"a": "c"}}]).encode()
    assert pieces.read(body, remembering(), 1, NOW, 300) is None


def test_a_known_alert_costs_no_parsing() -> None:
    memory = remembering()
    alert = {"annotations": {"x": "a&b <c>"}, "endsAt": iso(NOW + timedelta(minutes=4)), "labels": {"a": "b"}}
    # As Go writes it: & and < escaped, a line end behind.
    body = body_of([alert]).replace(b"&", b"\\u0026") + b"\n"
    pieces.read(body, memory, 1, NOW, 300)
    learn(memory, body)
    found = pieces.read(body.replace(b":04:", b":05:"), memory, 1, NOW, 300)
    assert found is not None and (found.refreshed, found.parsed.good) == (1, [])
    (known,) = memory.waiting(NOW.timestamp(), everything=True)
    assert known.due == (NOW + timedelta(minutes=5)).timestamp()


def test_an_end_hidden_behind_an_escape_is_not_learnt() -> None:
    memory = remembering()
    end = iso(NOW + timedelta(minutes=4)).encode()
    body = b'[{"labels":{"a":"b"},"endsAt":"%b","\\u0065ndsAt":"%b"}]' % (end, end)
    pieces.read(body, memory, 1, NOW, 300)
    learn(memory, body)
    found = pieces.read(body.replace(end, b"2020-01-01T00:00:00Z", 1), memory, 1, NOW, 300)
    assert found is not None and found.refreshed == 0


def test_pieces_agree_on_garbage_that_is_unreadable() -> None:
    body = b'[{"labels":{"a":"b"},{"c"}]'
    assert pieces.read(body, remembering(), 1, NOW, 300) is None
    try:
        api_v2.parse(Received(body, NOW))
    except Unreadable:
        return
    raise AssertionError("the whole body must be refused")
