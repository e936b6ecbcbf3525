"""What is known of a way, in the terms of the rules: who asks fills it from the rooms below, nothing here is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that decided: ``kind`` is route, silence, maintenance, inhibition, flapping, topology, policy, schedule or
    enrichment (its version is that of all rules of enrichment).
    ``configuration`` is the number of the configuration's version that was live then (0: not known)."""

    kind: str
    id: int
    name: str
    version: int | None = None
    configuration: int = 0
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Payload:
    """The request that brought a change, as it came; ``text`` is its beginning, empty where it was too long to be kept."""

    change_id: int
    at: datetime
    endpoint: str
    size: int
    text: str


@dataclass(frozen=True, slots=True)
class Enriched:
    """What a rule of enrichment did to a report: what it added, and what the alert had already and kept."""

    rule: Rule
    target: str
    values: Mapping[str, str]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One transition of the alert. ``code`` and ``why`` are why it happened; ``enriched`` is what rules added to it."""

    id: int
    at: datetime
    status: str
    code: str
    why: str
    payload: Payload | None = None
    enriched: tuple[Enriched, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """The alert itself. ``belongs_why`` says why it belongs to its service or item."""

    id: int
    name: str
    status: str
    source: str
    source_id: int
    parser: str
    fingerprint: str
    labels: Mapping[str, str]
    first_seen_at: datetime
    last_seen_at: datetime
    fire_count: int
    service: str = ""
    item: str = ""
    belongs_why: str = ""


@dataclass(frozen=True, slots=True)
class Timers:
    """The clocks of a route as it was (seconds; reopening in minutes)."""

    group_wait: int
    group_interval: int
    repeat_interval: int
    reopen_minutes: int


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of triage, with the rule that took it. ``checked`` is what was asked on the way, by stage, as numbers
    of rules; ``until`` is when what held or waited ends, if that was known."""

    at: datetime
    change_id: int
    alert_id: int
    alert: str
    round: int
    outcome: str
    why: str
    rule: Rule | None = None
    incident_id: int | None = None
    incident: str = ""
    checked: Mapping[str, int] = field(default_factory=dict)
    group: Mapping[str, str] | None = None
    held: Mapping[str, Any] = field(default_factory=dict)
    path: tuple[str, ...] = ()
    until: datetime | None = None
    waited: bool = False
    timers: Timers | None = None
    # The route pages nobody: it has no policy.
    without_policy: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds the alert just now."""

    kind: str
    why: str
    since: datetime
    until: datetime | None
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a group told people, or would have."""

    at: datetime
    kind: str
    firing: int
    told: bool
    text: str
    incident_id: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an incident's timeline. ``failed``: it says why somebody was not reached."""

    id: int
    at: datetime
    incident_id: int
    kind: str
    who: str
    text: str
    why: str
    failed: bool = False
    by_person: bool = False


@dataclass(frozen=True, slots=True)
class Incident:
    id: int
    ref: str
    number: int
    title: str
    status: str
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    quiet_since: datetime | None
    has_policy: bool
    unreached: bool
    shadow: bool
    """Of a source in shadow mode: nobody is paged for it."""

    @property
    def is_active(self) -> bool:
        return self.status in {"open", "acknowledged"}


@dataclass(frozen=True, slots=True)
class PlanStep:
    kind: str
    target_id: int | None


@dataclass(frozen=True, slots=True)
class Escalated:
    """A policy at work on an incident, as it was when it began; ``steps`` in words. ``reached`` is the highest step that
    was taken."""

    id: int
    incident_id: int
    at: datetime
    policy: Rule
    steps: tuple[str, ...]
    rounds: int
    state: str
    next_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    plan: tuple[PlanStep, ...] = ()
    reached: int = 0


@dataclass(frozen=True, slots=True)
class Try:
    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    answer: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery of a page: through which channel, to where (fit to be shown), and what the provider answered."""

    channel: str
    target: str
    state: str
    next_at: datetime | None
    tries: tuple[Try, ...]
    # The page in whose message this one was told too.
    told_in: int | None = None


@dataclass(frozen=True, slots=True)
class Paged:
    """One page: whom, why them, by which step, and what became of it."""

    id: int
    at: datetime
    incident_id: int | None
    user_id: int
    user: str
    why: str
    step: str
    state: str
    sent_at: datetime | None = None
    problem: str = ""
    cancelled: str = ""
    cancelled_at: datetime | None = None
    policy: Rule | None = None
    deliveries: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything about one way. ``reader_id`` is who reads; ``outside``: somebody of another organisation, to whom
    neither payloads nor pages are given."""

    kind: str
    id: int
    label: str
    now: datetime
    alert: Alert | None = None
    changes: tuple[Change, ...] = ()
    decided: tuple[Decided, ...] = ()
    standing: Standing | None = None
    told: tuple[Told, ...] = ()
    incidents: tuple[Incident, ...] = ()
    entries: tuple[Entry, ...] = ()
    escalated: tuple[Escalated, ...] = ()
    paged: tuple[Paged, ...] = ()
    reader_id: int | None = None
    outside: bool = False
