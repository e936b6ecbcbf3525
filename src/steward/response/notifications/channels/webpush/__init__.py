"""Pushes to browsers and to the installed page."""

from steward.response.notifications.channels.webpush.adapter import CHANNEL

__all__ = ["CHANNEL"]
