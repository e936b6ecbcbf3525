"""WeCom's group robot."""

from steward.response.notifications.channels.wecom.adapter import CHANNEL

__all__ = ["CHANNEL"]
