"""Every write of this room."""

from steward.response.notifications.actions.bundling import set_bundling
from steward.response.notifications.actions.cleaning import remove_old_deliveries, remove_old_tests
from steward.response.notifications.actions.confirming import confirm, send_code
from steward.response.notifications.actions.contacts import (
    add_contact_method,
    order_contact_methods,
    remove_contact_method,
    send_test,
    update_contact_method,
)
from steward.response.notifications.actions.deliveries import begin_attempt, end_attempt, note_taken
from steward.response.notifications.actions.hearing import answer, link_address, note_receipt
from steward.response.notifications.actions.installing import (
    SET_UP_JOB,
    clear_channel,
    keep_made,
    note_set_up,
    set_channel,
)
from steward.response.notifications.actions.pages import PageResult, cancel_pages, hold, page
from steward.response.notifications.actions.personal import set_quiet_hours, set_rule
from steward.response.notifications.sendings import Sending

__all__ = [
    "SET_UP_JOB",
    "PageResult",
    "Sending",
    "add_contact_method",
    "answer",
    "begin_attempt",
    "cancel_pages",
    "clear_channel",
    "confirm",
    "end_attempt",
    "hold",
    "keep_made",
    "link_address",
    "note_receipt",
    "note_set_up",
    "note_taken",
    "order_contact_methods",
    "page",
    "remove_contact_method",
    "remove_old_deliveries",
    "remove_old_tests",
    "send_code",
    "send_test",
    "set_bundling",
    "set_channel",
    "set_quiet_hours",
    "set_rule",
    "update_contact_method",
]
