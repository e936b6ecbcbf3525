"""One try over the network: no transaction is open and no row is locked while this runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from steward.foundation.outbound import OutboundError
from steward.response.notifications import channels, rules
from steward.response.notifications.channels.email.adapter import mail_settings
from steward.response.notifications.sendings import Sending

log = logging.getLogger(__name__)
__all__ = ["follow_up", "mail_settings", "send"]


def send(sending: Sending, now: datetime) -> rules.Answer:
    """Make the try and say how it ended; never raises for what the outside does."""
    channel = channels.get(sending.channel)
    if channel is None:
        return rules.Answer(False, _("This Steward has no channel “%(name)s”.") % {"name": sending.channel})
    if not channel.ready(sending.settings) and channel.settings:
        text = _("%(channel)s is not set up. An administrator does it under Settings, Channels.")
        return rules.Answer(False, text % {"channel": channel.label})
    try:
        return channel.send(sending, now)
    except OutboundError as error:
        return rules.Answer(False, error.message, error.retryable, error.maybe_delivered, error.retry_after)


def follow_up(channel: str, then: Mapping[str, Any], settings: Mapping[str, str]) -> None:
    """Make the request that a channel's reply asked for. It is a courtesy: what was refused for good is let be."""
    found = channels.get(channel)
    if found is None:
        return
    try:
        found.follow_up(then, settings)
    except OutboundError as error:
        if error.retryable:
            raise
        log.warning("%s did not take a follow-up: %s", channel, error.message)


def set_up(channel: str, settings: Mapping[str, str]) -> str:
    """Tell the provider of a channel about this Steward, where that is needed; what is wrong, or nothing."""
    found = channels.get(channel)
    try:
        return found.set_up(settings) if found is not None else ""
    except OutboundError as error:
        return error.message
