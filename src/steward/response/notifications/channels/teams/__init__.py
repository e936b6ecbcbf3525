"""Microsoft Teams through a workflow."""

from steward.response.notifications.channels.teams.adapter import CHANNEL

__all__ = ["CHANNEL"]
