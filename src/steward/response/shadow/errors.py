"""What can go wrong in this room, with what to do about it."""

from __future__ import annotations

from steward.foundation.errors import Invalid


class NotificationUnreadable(Invalid):
    code = "notification-unreadable"


class UnknownPolicy(Invalid):
    code = "unknown-policy"
