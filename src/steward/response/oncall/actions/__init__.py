"""Every write of this room."""

from steward.response.oncall.actions.escalations import Start, change_facts, start_escalations, stop_escalation
from steward.response.oncall.actions.policies import StepInput, create_policy, delete_policy, update_policy
from steward.response.oncall.actions.running import page_failed, run_escalation
from steward.response.oncall.actions.schedules import (
    add_override,
    create_schedule,
    delete_schedule,
    remove_override,
    update_schedule,
)

__all__ = [
    "Start",
    "StepInput",
    "add_override",
    "change_facts",
    "create_policy",
    "create_schedule",
    "delete_policy",
    "delete_schedule",
    "page_failed",
    "remove_override",
    "run_escalation",
    "start_escalations",
    "stop_escalation",
    "update_policy",
    "update_schedule",
]
