"""Moments in receipts: to the second, because that is what people compare; with the day where it is another one."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from steward.foundation.moments import written
from steward.foundation.ui.spans import duration_words


def clock_words(moment: datetime | None, now: datetime) -> str:
    """02:13:05, or 2 Mar 02:13:05, in the reader's zone."""
    if moment is None:
        return "—"
    local = timezone.localtime(moment)
    time = f"{local:%H:%M:%S}"
    if local.date() == timezone.localtime(now).date():
        return time
    return _("%(day)s %(time)s") % {"day": written(local, "j M"), "time": time}


def took_words(value: timedelta | None) -> str:
    """+38 ms, +4.2 s, +5 min."""
    if value is None:
        return ""
    seconds = value.total_seconds()
    if seconds < 0.0005:
        return ""
    if seconds < 1:
        return _("+%(n)s ms") % {"n": max(1, round(seconds * 1000))}
    if seconds < 10:
        return _("+%(n)s s") % {"n": f"{seconds:.1f}"}
    return f"+{duration_words(value)}"
