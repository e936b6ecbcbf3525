"""Phone calls."""

from steward.response.notifications.channels.voice.adapter import CHANNEL

__all__ = ["CHANNEL"]
