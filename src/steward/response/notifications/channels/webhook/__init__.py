"""A web address of one's own, signed."""

from steward.response.notifications.channels.webhook.adapter import CHANNEL

__all__ = ["CHANNEL"]
