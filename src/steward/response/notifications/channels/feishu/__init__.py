"""Feishu's (Lark's) group bot."""

from steward.response.notifications.channels.feishu.adapter import CHANNEL

__all__ = ["CHANNEL"]
