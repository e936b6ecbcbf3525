"""Lengths of time in words, the same on the server and (see steward.js) in the browser."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from steward.foundation.moments import written
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import once


@once
def duration_words(value: timedelta | float) -> str:
    """A length of time in at most two units: 38 s, 4 min 10 s, 41 min, 1 h 12 min, 3 d 4 h."""
    seconds = int(abs(value.total_seconds() if isinstance(value, timedelta) else value))
    minutes, rest = divmod(seconds, 60)
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if seconds < 60:
        return _("%(s)s s") % {"s": seconds}
    if minutes < 10 and rest:
        return _("%(min)s min %(s)s s") % {"min": minutes, "s": rest}
    if hours == 0:
        return _("%(min)s min") % {"min": minutes}
    if days == 0:
        short = _("%(h)s h %(min)s min") % {"h": hours, "min": minutes_left}
        return short if minutes_left else _("%(h)s h") % {"h": hours}
    if days < 7 and hours_left:
        return _("%(d)s d %(h)s h") % {"d": days, "h": hours_left}
    return _("%(d)s d") % {"d": days}


def span_words(seconds: float) -> str:
    """A distance in time in the coarsest useful words; seconds are not worth reading."""
    minutes = int(abs(seconds) // 60)
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if minutes < 1:
        return ""
    if hours == 0:
        return _("%(min)s min") % {"min": minutes}
    if days == 0:
        if hours < 6 and minutes_left:
            return _("%(h)s h %(min)s min") % {"h": hours, "min": minutes_left}
        return _("%(h)s h") % {"h": hours}
    if days < 3 and hours_left:
        return _("%(d)s d %(h)s h") % {"d": days, "h": hours_left}
    return _("%(d)s d") % {"d": days}


def absolute_words(moment: datetime) -> str:
    """A moment in the active zone, which it names: 2 December 2026, 08:57 UTC."""
    local = timezone.localtime(moment)
    # The key says more than the abbreviation: CST is Chicago, Shanghai or Havana.
    zone = getattr(local.tzinfo, "key", None) or local.tzname()
    return f"{written(local, 'j F Y, H:i')} {zone}"


def relative_words(moment: datetime, now: datetime, *, short: bool = False) -> str:
    """ "8 min ago", "in 52 min"; `short` leaves the direction to the heading of the column."""
    seconds = (now - moment).total_seconds()
    span = span_words(seconds)
    if not span:
        return _("now") if short else _("just now")
    if short:
        return span
    return (_("%(span)s ago") if seconds > 0 else _("in %(span)s")) % {"span": span}
