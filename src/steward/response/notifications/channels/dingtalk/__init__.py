"""DingTalk's group robot."""

from steward.response.notifications.channels.dingtalk.adapter import CHANNEL

__all__ = ["CHANNEL"]
