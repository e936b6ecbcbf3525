"""What an escalation tells the rooms above, for timelines and flags."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from steward.foundation.subjects import SubjectRef


@dataclass(frozen=True, slots=True)
class PagedPerson:
    """One person being paged (or who would be), and why it is them."""

    user_id: int
    label: str
    why: str


@dataclass(frozen=True, slots=True)
class PeoplePaged:
    """A step asked for these people to be reached; ``step`` names it ("Application policy, step 1 of 4")."""

    subject: SubjectRef
    people: tuple[PagedPerson, ...]
    step: str
    now: datetime


@dataclass(frozen=True, slots=True)
class StepTaken:
    """Something else an escalation did: waited, or passed over a step because nobody was there (``failed``)."""

    subject: SubjectRef
    text: str
    why: str
    now: datetime
    failed: bool = False


@dataclass(frozen=True, slots=True)
class NobodyReached:
    """The whole policy reached nobody. The administrators are paged instead, in the same transaction."""

    subject: SubjectRef
    reason: str
    now: datetime


@dataclass(frozen=True, slots=True)
class EscalationEnded:
    """The escalation is over; ``outcome`` is stopped or exhausted."""

    subject: SubjectRef
    outcome: str
    reason: str
    now: datetime
