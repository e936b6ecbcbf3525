"""What this room tells the rooms above it."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    ``others``: how many pages more its message told. ``spoken``: the channel in a sentence."""

    page_id: int
    subject: SubjectRef
    user_label: str
    channel: str
    seconds: float
    now: datetime
    others: int = 0
    spoken: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class PageFailed:
    """Every delivery of the page failed for good: the person does not know."""

    page_id: int
    subject: SubjectRef
    user_label: str
    reason: str
    now: datetime


@dataclass(frozen=True, slots=True)
class PageAnswered:
    """Somebody pressed a button of the page's message where they read it. The owner of the subject does what ``verb``
    says, as the person, and says in ``said`` what to tell them. ``by``: how the channel calls who pressed."""

    user_id: int
    subject: SubjectRef
    page_id: int
    verb: str
    channel: str
    by: str
    now: datetime
    said: list[str] = field(default_factory=list)
