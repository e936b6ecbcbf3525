"""Targets as they may be shown: an Apprise address can hold a token."""

from steward.response.notifications.channels import shown as shown_target

__all__ = ["shown_target"]
