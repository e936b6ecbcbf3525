"""Every write of this room."""

from steward.response.oncall.actions.escalations import Start, change_facts, start_escalations, stop_escalation
from steward.response.oncall.actions.layers import add_layer, check_draft, remove_layer, update_layer
from steward.response.oncall.actions.links import (
    Given,
    address_of,
    give_calendar,
    remove_own_link,
    remove_schedule_link,
    renew_own_link,
    renew_schedule_link,
    token_of,
)
from steward.response.oncall.actions.overrides import add_override, remove_override, replace_everywhere
from steward.response.oncall.actions.policies import StepInput, create_policy, delete_policy, update_policy
from steward.response.oncall.actions.running import page_failed, run_escalation
from steward.response.oncall.actions.schedules import create_schedule, delete_schedule, update_schedule
from steward.response.oncall.actions.swaps import (
    ask_for_cover,
    decline_swap,
    swap_past_due,
    take_swap,
    withdraw_swap,
)
from steward.response.oncall.actions.webhooks import (
    Calling,
    begin_call,
    end_call,
    remove_old_calls,
    renew_secret,
    secret_of,
)
from steward.response.oncall.queries.drafts import LayerInput

__all__ = [
    "Calling",
    "Given",
    "LayerInput",
    "Start",
    "StepInput",
    "add_layer",
    "add_override",
    "address_of",
    "ask_for_cover",
    "begin_call",
    "change_facts",
    "check_draft",
    "create_policy",
    "create_schedule",
    "decline_swap",
    "delete_policy",
    "delete_schedule",
    "end_call",
    "give_calendar",
    "page_failed",
    "remove_layer",
    "remove_old_calls",
    "remove_override",
    "remove_own_link",
    "remove_schedule_link",
    "renew_own_link",
    "renew_schedule_link",
    "renew_secret",
    "replace_everywhere",
    "run_escalation",
    "secret_of",
    "start_escalations",
    "stop_escalation",
    "swap_past_due",
    "take_swap",
    "token_of",
    "update_layer",
    "update_policy",
    "update_schedule",
    "withdraw_swap",
]
