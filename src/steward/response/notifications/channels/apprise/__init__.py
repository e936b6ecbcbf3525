"""A hundred services by one address, through Apprise."""

from steward.response.notifications.channels.apprise.adapter import CHANNEL

__all__ = ["CHANNEL"]
