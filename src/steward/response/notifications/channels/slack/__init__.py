"""Slack with buttons."""

from steward.response.notifications.channels.slack.adapter import CHANNEL

__all__ = ["CHANNEL"]
