"""E-mail, through the operator's own mail server."""

from steward.response.notifications.channels.email.adapter import CHANNEL

__all__ = ["CHANNEL"]
