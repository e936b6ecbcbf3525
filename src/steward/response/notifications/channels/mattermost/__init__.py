"""Mattermost with buttons."""

from steward.response.notifications.channels.mattermost.adapter import CHANNEL

__all__ = ["CHANNEL"]
