"""A Telegram bot with buttons."""

from steward.response.notifications.channels.telegram.adapter import CHANNEL

__all__ = ["CHANNEL"]
