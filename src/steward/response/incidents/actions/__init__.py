"""Every write to incidents. Each locks the incident's row first and looks at its state only then."""

from steward.response.incidents.actions.handing import (
    answer_handover,
    ask_handover,
    handover_due,
    withdraw_handover,
)
from steward.response.incidents.actions.helping import answer_help, ask_help, search_over
from steward.response.incidents.actions.joining import Join, join_incidents, spoken
from steward.response.incidents.actions.membership import add_alerts, alerts_changed
from steward.response.incidents.actions.merging import merge, undo_merge
from steward.response.incidents.actions.opening import Opening, declare, open_incident, open_incidents
from steward.response.incidents.actions.reminding import quiet, shadow, tell_again, unquiet, unshadow
from steward.response.incidents.actions.response import lock, lock_states, note_response
from steward.response.incidents.actions.severity import Rule, escalated, set_severity
from steward.response.incidents.actions.shared import JoiningAlert, subject_of
from steward.response.incidents.actions.splitting import split, undo_split
from steward.response.incidents.actions.watching import snooze, unsnooze, watch_due
from steward.response.incidents.actions.work import (
    acknowledge,
    add_note,
    assign,
    close,
    close_if_due,
    reopen,
    resolve,
)
from steward.response.incidents.rules import IncidentState

__all__ = [
    "IncidentState",
    "Join",
    "JoiningAlert",
    "Opening",
    "Rule",
    "acknowledge",
    "add_alerts",
    "add_note",
    "alerts_changed",
    "answer_handover",
    "answer_help",
    "ask_handover",
    "ask_help",
    "assign",
    "close",
    "close_if_due",
    "declare",
    "escalated",
    "handover_due",
    "join_incidents",
    "lock",
    "lock_states",
    "merge",
    "note_response",
    "open_incident",
    "open_incidents",
    "quiet",
    "reopen",
    "resolve",
    "search_over",
    "set_severity",
    "shadow",
    "snooze",
    "split",
    "spoken",
    "subject_of",
    "tell_again",
    "undo_merge",
    "undo_split",
    "unquiet",
    "unshadow",
    "unsnooze",
    "watch_due",
    "withdraw_handover",
]
