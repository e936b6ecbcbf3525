"""What others may read about schedules, policies and escalations."""

from steward.response.oncall.queries.escalations import (
    EscalationRecord,
    EscalationView,
    escalation_of,
    escalations_of,
)
from steward.response.oncall.queries.policies import (
    StepPreview,
    policies,
    policy_by_id,
    policy_by_slug,
    who_would_be_paged,
)
from steward.response.oncall.queries.schedules import (
    AROUND,
    Duty,
    NowOnCall,
    Roster,
    ShiftView,
    board,
    duty_of,
    overview,
    roster_of,
    rosters_around,
    schedule_by_id,
    schedule_by_slug,
    schedules,
    who,
    with_members,
)

__all__ = [
    "AROUND",
    "Duty",
    "EscalationRecord",
    "EscalationView",
    "NowOnCall",
    "Roster",
    "ShiftView",
    "StepPreview",
    "board",
    "duty_of",
    "escalation_of",
    "escalations_of",
    "overview",
    "policies",
    "policy_by_id",
    "policy_by_slug",
    "roster_of",
    "rosters_around",
    "schedule_by_id",
    "schedule_by_slug",
    "schedules",
    "who",
    "who_would_be_paged",
    "with_members",
]
