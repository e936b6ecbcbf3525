"""Text messages."""

from steward.response.notifications.channels.sms.adapter import CHANNEL

__all__ = ["CHANNEL"]
