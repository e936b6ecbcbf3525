"""What others may read about schedules, policies and escalations."""

from steward.response.oncall.queries.escalations import EscalationView, escalation_of
from steward.response.oncall.queries.policies import (
    StepPreview,
    policies,
    policy_by_id,
    policy_by_slug,
    who_would_be_paged,
)
from steward.response.oncall.queries.schedules import (
    Duty,
    NowOnCall,
    Roster,
    ShiftView,
    board,
    duty_of,
    gaps,
    on_call_now,
    overview,
    rosters_around,
    schedule_by_id,
    schedule_by_slug,
    schedules,
    shifts,
    who,
    with_members,
)

__all__ = [
    "Duty",
    "EscalationView",
    "NowOnCall",
    "Roster",
    "ShiftView",
    "StepPreview",
    "board",
    "duty_of",
    "escalation_of",
    "gaps",
    "on_call_now",
    "overview",
    "policies",
    "policy_by_id",
    "policy_by_slug",
    "rosters_around",
    "schedule_by_id",
    "schedule_by_slug",
    "schedules",
    "shifts",
    "who",
    "who_would_be_paged",
    "with_members",
]
