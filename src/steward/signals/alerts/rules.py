"""What an incoming alert means for the one that is known, decided without a database or a clock.

``endsAt`` follows Alertmanager: absent, the alert is firing and expires when it is not heard of for the source's
resolve timeout; in the future, it is firing and expires then; now or past, it is resolved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Incoming:
    """One alert as a parser read it. Times are aware; ``starts_at`` may be unknown."""

    labels: dict[str, str]
    annotations: dict[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """The stored alert."""

    status: str
    starts_at: datetime
    annotations: Mapping[str, str]
    generator_url: str


Transition = Literal["new", "fired again", "sender resolved", "refreshed", "updated", "still resolved", "never fired"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to store. ``notable`` transitions become an AlertChange."""

    transition: Transition
    status: str
    starts_at: datetime
    ends_at: datetime | None
    expires_at: datetime | None
    notable: bool


def is_firing(incoming: Incoming, now: datetime) -> bool:
    return incoming.ends_at is None or incoming.ends_at > now


def expiry(incoming: Incoming, now: datetime, resolve_timeout: timedelta) -> datetime:
    """When a firing alert ends unless it is heard of again."""
    return incoming.ends_at if incoming.ends_at is not None else now + resolve_timeout


def decide(known: Known | None, incoming: Incoming, now: datetime, resolve_timeout: timedelta) -> Verdict:
    """The transition that ``incoming`` makes."""
    if is_firing(incoming, now):
        expires = expiry(incoming, now, resolve_timeout)
        if known is None:
            return Verdict("new", "firing", incoming.starts_at or now, None, expires, True)
        if known.status != "firing":
            return Verdict("fired again", "firing", incoming.starts_at or now, None, expires, True)
        same = known.annotations == incoming.annotations and known.generator_url == incoming.generator_url
        # The earlier start is the truth: a sender that restarted counts from its restart.
        starts = min(known.starts_at, incoming.starts_at or known.starts_at)
        if same and starts == known.starts_at:
            return Verdict("refreshed", "firing", starts, None, expires, False)
        return Verdict("updated", "firing", starts, None, expires, False)
    ends = incoming.ends_at or now
    if known is None:
        return Verdict("never fired", "resolved", min(incoming.starts_at or ends, ends), ends, None, False)
    if known.status == "firing":
        return Verdict("sender resolved", "resolved", known.starts_at, ends, None, True)
    return Verdict("still resolved", "resolved", known.starts_at, ends, None, False)
