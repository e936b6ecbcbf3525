"""Targets as they may be shown: an Apprise address can hold a token."""

from __future__ import annotations

from steward.foundation.outbound.redact import redact_url
from steward.response.notifications.rules import EMAIL


def shown_target(channel: str, target: str) -> str:
    """An e-mail address as it is, an Apprise address without anything that could be a secret."""
    return target if channel == EMAIL else redact_url(target)
