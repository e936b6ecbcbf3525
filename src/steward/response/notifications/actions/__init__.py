"""Every write of this room."""

from steward.response.notifications.actions.bundling import set_bundling
from steward.response.notifications.actions.cleaning import remove_old_deliveries, remove_old_tests
from steward.response.notifications.actions.contacts import (
    add_contact_method,
    remove_contact_method,
    send_test,
    update_contact_method,
)
from steward.response.notifications.actions.deliveries import Sending, begin_attempt, end_attempt, note_taken
from steward.response.notifications.actions.pages import PageResult, cancel_pages, hold, page

__all__ = [
    "PageResult",
    "Sending",
    "add_contact_method",
    "begin_attempt",
    "cancel_pages",
    "end_attempt",
    "hold",
    "note_taken",
    "page",
    "remove_contact_method",
    "remove_old_deliveries",
    "remove_old_tests",
    "send_test",
    "set_bundling",
    "update_contact_method",
]
