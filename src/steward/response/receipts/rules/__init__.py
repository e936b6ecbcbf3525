"""Facts in, the way and its verdict out. Pure: codes and values; ``wording`` puts them into the reader's language."""

from steward.response.receipts.rules.facts import (
    Alert,
    Change,
    Decided,
    Enriched,
    Entry,
    Escalated,
    Facts,
    Incident,
    Paged,
    Payload,
    PlanStep,
    Rule,
    Sent,
    Standing,
    Timers,
    Told,
    Try,
)
from steward.response.receipts.rules.people import Absence, Duty, Person, why_not
from steward.response.receipts.rules.steps import Step, steps
from steward.response.receipts.rules.verdicts import Verdict, verdict

__all__ = [
    "Absence",
    "Alert",
    "Change",
    "Decided",
    "Duty",
    "Enriched",
    "Entry",
    "Escalated",
    "Facts",
    "Incident",
    "Paged",
    "Payload",
    "Person",
    "PlanStep",
    "Rule",
    "Sent",
    "Standing",
    "Step",
    "Timers",
    "Told",
    "Try",
    "Verdict",
    "steps",
    "verdict",
    "why_not",
]  # fmt: skip
