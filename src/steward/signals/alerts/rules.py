"""What a report about an alert means, given what is known of it: pure decisions with their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

VERSION = 1

FIRING = "firing"
RESOLVED = "resolved"

Kind = Literal["fire", "fire_again", "change", "resolve", "update", "refresh", "record", "ignore"]


@dataclass(frozen=True, slots=True)
class Previous:
    """The alert as it is stored."""

    status: str
    starts_at: datetime
    ends_at: datetime | None
    changed_at: datetime
    due_at: datetime | None = None


@dataclass(slots=True)
class Incoming:
    """One report. ``due_at`` is when a firing one expires by itself; ``content_differs`` says that annotations or link
    are not the stored ones. ``labels_before`` and ``labels_after`` are given where an alert that is not known by its
    labels brings others than the stored ones. ``late`` marks a refresh that waited in memory and is told only now."""

    received_at: datetime
    resolved: bool
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    due_at: datetime | None = None
    content_differs: bool = False
    late: bool = False
    labels_before: Mapping[str, str] | None = None
    labels_after: Mapping[str, str] | None = None


@dataclass(slots=True)
class Decision:
    """What to do: ``kind``, the state after it, and the reason that is stored with a transition."""

    kind: Kind
    status: str
    starts_at: datetime
    ends_at: datetime | None
    due_at: datetime | None
    reason: dict[str, Any]

    @property
    def is_transition(self) -> bool:
        """Whether upper rooms are told."""
        return self.kind in {"fire", "fire_again", "change", "resolve"}


TEXTS = {
    "new": "first report of this alert",
    "fired_again": "reported as firing after it had resolved",
    "sender_resolved": "its sender says that it ended",
    "expired": "not heard of again before its end",
    "resolved_unseen": "reported as resolved, never seen firing",
    "resolved_already": "had resolved already",
    "end_before_start": "the end belongs to an earlier firing",
    "refresh_before_end": "heard before the end, told after it",
    "still_firing": "reported again, still firing",
    "changed": "reported with other labels while it fires",
}


def reason(code: str, **data: Any) -> dict[str, Any]:
    """A stored reason: a stable code with its plain words, the version of these rules, and the data behind it."""
    return {
        "code": code,
        "text": TEXTS[code],
        "rules": VERSION,
        **{name: value.isoformat() if isinstance(value, datetime) else value for name, value in data.items()},
    }


_NEW, _UNSEEN, _STILL = reason("new"), reason("resolved_unseen"), reason("still_firing")


def decide(previous: Previous | None, incoming: Incoming) -> Decision:
    """The transition that ``incoming`` makes, following Prometheus' and Alertmanager's meaning of start and end."""
    if previous is None:
        return _first(incoming)
    if incoming.resolved:
        return _resolving(previous, incoming)
    if previous.status == FIRING:
        return _still_firing(previous, incoming)
    return _firing_again(previous, incoming)


def _first(incoming: Incoming) -> Decision:
    starts = incoming.starts_at or min(incoming.ends_at or incoming.received_at, incoming.received_at)
    if incoming.resolved:
        # Alertmanager keeps it too. Nobody is told: there was nothing to act on.
        ends = incoming.ends_at or incoming.received_at
        return Decision("record", RESOLVED, min(starts, ends), ends, None, _UNSEEN)
    return Decision("fire", FIRING, starts, None, incoming.due_at, _NEW)


def _resolving(previous: Previous, incoming: Incoming) -> Decision:
    ends = incoming.ends_at or incoming.received_at
    if previous.status == RESOLVED:
        return _unchanged(previous, "ignore", reason("resolved_already"))
    if ends < previous.starts_at:
        # A late end of an earlier firing must not end the present one.
        why = reason("end_before_start", ends_at=ends, starts_at=previous.starts_at)
        return _unchanged(previous, "ignore", why)
    return Decision("resolve", RESOLVED, previous.starts_at, ends, None, reason("sender_resolved", ends_at=ends))


def _still_firing(previous: Previous, incoming: Incoming) -> Decision:
    starts = min(previous.starts_at, incoming.starts_at or previous.starts_at)
    if incoming.labels_before is not None and incoming.labels_after is not None:
        before, after = difference(incoming.labels_before, incoming.labels_after)
        return Decision("change", FIRING, starts, None, incoming.due_at, reason("changed", before=before, after=after))
    kind: Kind = "update" if incoming.content_differs or starts != previous.starts_at else "refresh"
    return Decision(kind, FIRING, starts, None, incoming.due_at, _STILL)


# How bad the usual words are; of others nobody knows.
_WORDS = (
    ("page", "emergency", "disaster"), ("critical", "high", "major"), ("warning", "error", "average"),
    ("minor", "info", "information", "low"),
)  # fmt: skip
_RANKS = {word: rank for rank, words in enumerate(_WORDS) for word in words}
_NAME, _SEVERITY = "alertname", "severity"


def relabelled(stored: Mapping[str, str], given: Mapping[str, str], *, folds: bool) -> dict[str, str] | None:
    """The labels that a firing alert has from now on, where they change.

    Its name stays, because senders with keys of their own make it of texts such as "disk at 97 %". One that folds
    several takes over nothing but a worse severity: its reports differ all the time, and none is the newest word.
    """
    if folds:
        worse = worse_than(given.get(_SEVERITY, ""), stored.get(_SEVERITY, ""))
        return {**stored, _SEVERITY: given[_SEVERITY]} if worse else None
    after = {**given, _NAME: stored[_NAME]} if _NAME in stored else dict(given)
    return None if after == stored else after


def worse_than(one: str, other: str) -> bool:
    """Whether one severity is known to be worse than the other."""
    first, second = _RANKS.get(one.lower()), _RANKS.get(other.lower())
    return first is not None and (first < second if second is not None else not other)


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The labels that are not the same, as they were and as they are."""
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    return {n: before[n] for n in names if n in before}, {n: after[n] for n in names if n in after}


def _firing_again(previous: Previous, incoming: Incoming) -> Decision:
    if incoming.late and incoming.received_at <= previous.changed_at:
        # The refresh was heard before the end and only told after it: the end is the newer word.
        return _unchanged(previous, "ignore", reason("refresh_before_end"))
    why = reason("fired_again", resolved_at=previous.ends_at or previous.changed_at)
    return Decision("fire_again", FIRING, incoming.starts_at or incoming.received_at, None, incoming.due_at, why)


def _unchanged(previous: Previous, kind: Kind, why: dict[str, Any]) -> Decision:
    return Decision(kind, previous.status, previous.starts_at, previous.ends_at, previous.due_at, why)


def expire(previous: Previous, now: datetime, last_seen_at: datetime) -> Decision | None:
    """The end of an alert that was not heard of until ``due_at``; ``None`` if it is not to end."""
    if previous.status != FIRING or previous.due_at is None or previous.due_at > now:
        return None
    why = reason("expired", due_at=previous.due_at, last_seen_at=last_seen_at)
    return Decision("resolve", RESOLVED, previous.starts_at, max(previous.due_at, previous.starts_at), None, why)
