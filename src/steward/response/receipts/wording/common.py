"""Words that steps and verdicts share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from steward.response.notifications import queries as notifications
from steward.response.receipts.wording.times import clock_words


def holder(kind: str, name: str, number: int) -> str:
    """What holds an alert: "silence #4 “db maintenance”"."""
    values = {"n": number, "name": name}
    known = {
        "silence": _("silence #%(n)s “%(name)s”") if name else _("silence #%(n)s"),
        "maintenance": _("maintenance window #%(n)s “%(name)s”") if name else _("maintenance window #%(n)s"),
        "inhibition": _("inhibition rule “%(name)s”"),
        "flapping": _("flap detection"),
        "muted": _("the times of route “%(name)s”"),
    }
    return known.get(kind, kind) % values


def channel_words(channel: str) -> str:
    return notifications.channel_spoken(channel) or _("no channel")


def until_words(until: datetime | None, now: datetime) -> str:
    """ " until 03:00:00", or nothing where no end is known."""
    return _(" until %(time)s") % {"time": clock_words(until, now)} if until is not None else ""


def holding(values: Mapping[str, Any]) -> str:
    return holder(str(values.get("kind", "")), str(values.get("rule", "")), int(values.get("rule_id") or 0))
