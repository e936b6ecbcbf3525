from datetime import datetime, timedelta

import pytest

from steward.signals.alerts import storing
from steward.signals.alerts.ingest.sources.common import normalised
from steward.signals.alerts.rules import (
    FIRING,
    RESOLVED,
    Incoming,
    Previous,
    decide,
    difference,
    expire,
    relabelled,
    worse_than,
)
from steward.signals.alerts.tests.factories import NOW

EARLIER = NOW - timedelta(hours=1)
LATER = NOW + timedelta(minutes=4)
FIRES = Previous(FIRING, EARLIER, None, EARLIER, LATER)
OTHER: dict[str, object] = {"labels_before": {"severity": "warning"}, "labels_after": {"severity": "critical"}}
ENDED = Previous(RESOLVED, EARLIER, NOW - timedelta(minutes=10), NOW - timedelta(minutes=10))


def firing(**changes: object) -> Incoming:
    return Incoming(**{"received_at": NOW, "resolved": False, "starts_at": EARLIER, "due_at": LATER, **changes})  # type: ignore[arg-type]


def ended(**changes: object) -> Incoming:
    return Incoming(**{"received_at": NOW, "resolved": True, "starts_at": EARLIER, "ends_at": NOW, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("previous", "incoming", "kind", "status", "code"),
    [
        (FIRES, firing(**OTHER), "change", FIRING, "changed"),
        (FIRES, firing(content_differs=True, **OTHER), "change", FIRING, "changed"),
        (ENDED, firing(**OTHER), "fire_again", FIRING, "fired_again"),
        (FIRES, ended(**OTHER), "resolve", RESOLVED, "sender_resolved"),
        (None, firing(), "fire", FIRING, "new"),
        (None, ended(), "record", RESOLVED, "resolved_unseen"),
        (FIRES, firing(), "refresh", FIRING, "still_firing"),
        (FIRES, firing(content_differs=True), "update", FIRING, "still_firing"),
        (FIRES, firing(starts_at=EARLIER - timedelta(hours=1)), "update", FIRING, "still_firing"),
        (FIRES, firing(starts_at=NOW), "refresh", FIRING, "still_firing"),
        (FIRES, firing(starts_at=None), "refresh", FIRING, "still_firing"),
        (FIRES, ended(), "resolve", RESOLVED, "sender_resolved"),
        (FIRES, ended(ends_at=EARLIER - timedelta(seconds=1)), "ignore", FIRING, "end_before_start"),
        (ENDED, ended(), "ignore", RESOLVED, "resolved_already"),
        (ENDED, firing(), "fire_again", FIRING, "fired_again"),
        (ENDED, firing(late=True), "fire_again", FIRING, "fired_again"),
        (ENDED, firing(late=True, received_at=ENDED.changed_at), "ignore", RESOLVED, "refresh_before_end"),
    ],
)
def test_decisions(previous: Previous | None, incoming: Incoming, kind: str, status: str, code: str) -> None:
    decision = decide(previous, incoming)
    assert (decision.kind, decision.status, decision.reason["code"]) == (kind, status, code)
    assert decision.is_transition == (kind in {"fire", "fire_again", "change", "resolve"})
    assert decision.reason["rules"] == 1 and decision.reason["text"]


def test_a_change_says_what_was_and_what_is() -> None:
    before = {"alertname": "Disk", "severity": "warning", "team": "a"}
    assert difference(before, {"alertname": "Disk", "severity": "critical", "site": "x"}) == (
        {"severity": "warning", "team": "a"}, {"severity": "critical", "site": "x"},
    )  # fmt: skip
    why = decide(FIRES, firing(**OTHER)).reason
    assert (why["before"], why["after"]) == ({"severity": "warning"}, {"severity": "critical"})
    assert decide(FIRES, firing(due_at=None, **OTHER)).due_at is None


def test_a_name_of_changing_text_stays_and_other_labels_are_taken_over() -> None:
    stored = {"alertname": "disk at 97 %", "severity": "warning"}
    assert relabelled(stored, {"alertname": "disk at 98 %", "severity": "warning"}, folds=False) is None
    assert relabelled(stored, {"alertname": "disk at 99 %", "team": "a"}, folds=False) == {
        "alertname": "disk at 97 %", "team": "a",
    }  # fmt: skip
    assert relabelled({"team": "a"}, {"team": "b"}, folds=False) == {"team": "b"}


def test_one_that_folds_several_takes_over_only_what_is_worse() -> None:
    stored = {"alertname": "Disk", "severity": "warning", "instance": "1"}
    other = {"alertname": "Disk", "severity": "Critical", "instance": "2"}
    assert relabelled(stored, other, folds=True) == {**stored, "severity": "Critical"}
    assert relabelled(other, stored, folds=True) is None
    assert relabelled(stored, {**stored, "instance": "3"}, folds=True) is None


@pytest.mark.parametrize(
    ("one", "other", "worse"),
    [
        ("critical", "warning", True), ("Page", "critical", True), ("warning", "critical", False),
        ("warning", "error", False), ("warning", "", True), ("", "info", False), ("pink", "", False),
        ("critical", "pink", False),
    ],
)  # fmt: skip
def test_what_is_worse(one: str, other: str, worse: bool) -> None:
    assert worse_than(one, other) is worse


def test_a_start_is_taken_from_the_report_then_the_end_then_now() -> None:
    assert decide(None, firing()).starts_at == EARLIER
    assert decide(None, firing(starts_at=None, ends_at=EARLIER)).starts_at == EARLIER
    assert decide(None, firing(starts_at=None, ends_at=LATER)).starts_at == NOW, "an end to come is no start"
    assert decide(None, firing(starts_at=None)).starts_at == NOW


def test_a_refresh_keeps_the_first_start_and_moves_the_expiry() -> None:
    decision = decide(FIRES, firing(starts_at=NOW, due_at=LATER + timedelta(minutes=1)))
    assert decision.starts_at == EARLIER
    assert decision.due_at == LATER + timedelta(minutes=1)


def test_an_end_without_a_time_is_the_time_of_the_report() -> None:
    decision = decide(FIRES, ended(ends_at=None))
    assert (decision.ends_at, decision.due_at) == (NOW, None)


def test_firing_again_starts_anew() -> None:
    decision = decide(ENDED, firing(starts_at=NOW))
    assert (decision.starts_at, decision.ends_at, decision.due_at) == (NOW, None, LATER)


def test_expiry() -> None:
    assert expire(FIRES, LATER - timedelta(seconds=1), EARLIER) is None
    assert expire(ENDED, LATER, EARLIER) is None
    decision = expire(FIRES, LATER + timedelta(seconds=5), EARLIER)
    assert decision is not None
    assert (decision.status, decision.ends_at, decision.reason["code"]) == (RESOLVED, LATER, "expired")


def test_a_sender_whose_clock_is_ahead_can_end_its_alert() -> None:
    """It says that the alert began in two minutes and ended a second later."""
    ahead = NOW + timedelta(minutes=2)

    def said(at: datetime, ends_at: datetime | None = None) -> Incoming:
        given = normalised({"a": "b"}, None, None, ahead, ends_at, resolved=ends_at is not None, expires="timeout")
        made = storing.report(given, source_id=1, resolve_timeout=300, now=at)
        return Incoming(made.received_at, made.resolved, made.starts_at, made.ends_at, made.due_at)

    begun = decide(None, said(NOW))
    assert begun.starts_at == NOW
    previous = Previous(begun.status, begun.starts_at, None, NOW, begun.due_at)
    second = timedelta(seconds=1)
    assert decide(previous, said(NOW + second, ahead + second)).kind == "resolve"
