"""What this room tells the rooms above it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from steward.foundation.subjects import SubjectRef


@dataclass(frozen=True, slots=True)
class SubjectLocking:
    """Pages (or an escalation) of ``subject`` are about to be locked and changed in this transaction.

    The owner of the subject locks its own row now, so that everyone locks in one order: subject, escalation, page,
    delivery. Without this an acknowledgement (subject first) and a delivery (page first) could wait for each other.
    """

    subject: SubjectRef


@dataclass(frozen=True, slots=True)
class PageSent:
    """One delivery of the page was taken by the channel's server; ``seconds`` after the page was asked for.
    ``others``: how many pages more its message told."""

    page_id: int
    subject: SubjectRef
    user_label: str
    channel: str
    seconds: float
    now: datetime
    others: int = 0


@dataclass(frozen=True, slots=True)
class PageFailed:
    """Every delivery of the page failed for good: the person does not know."""

    page_id: int
    subject: SubjectRef
    user_label: str
    reason: str
    now: datetime
