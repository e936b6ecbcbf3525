"""What an escalation tells the rooms above, for timelines and flags."""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass(slots=True)
class SubjectAsked:
    """How bad is the subject, and how many of its alerts came within the last so many ``minutes``? Who owns it says so
    in ``severity`` and ``alerts`` (minutes → number). It is locked already."""

    subject: SubjectRef
    minutes: frozenset[int]
    now: datetime
    severity: str = ""
    alerts: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeverityWanted:
    """A step wants the subject to be at least this bad. Its owner adds what became of that to ``answers``."""

    subject: SubjectRef
    severity: str
    why: str
    now: datetime
    answers: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RunbookWanted:
    """A step wants the runbook ``reference`` to be started for the subject, once for each ``key``. Who starts it adds
    what became of that to ``answers``."""

    subject: SubjectRef
    subject_label: str
    reference: str
    key: str
    why: str
    now: datetime
    answers: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RunbooksAsked:
    """Which runbooks can a step start? The room of runbooks adds (reference, name); while no room answers, policies do
    not offer the step."""

    found: list[tuple[str, str]] = field(default_factory=list)
