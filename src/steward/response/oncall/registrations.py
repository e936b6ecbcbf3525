"""What this room adds to the shell and to pages of other rooms."""

from __future__ import annotations

from django.core.cache import cache
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.moments import written
from steward.foundation.ui import navigation, panels
from steward.response.oncall import queries

# The line stands on every page; a quarter of a minute late is early enough for it.
PRESENCE_SECONDS = 15


def presence(actor: Actor) -> str | None:
    """What stands under the reader's name: "On call until 09:00"."""
    if actor.user_id is None or not actor.can("oncall.view"):
        return None
    key = f"oncall.presence.{actor.user_id}"
    until = cache.get(key)
    now = clock.now()
    if until is None:
        until = max((shift.end for shift in queries.duty_of(actor.user_id, now).now), default=now)
        cache.set(key, until, PRESENCE_SECONDS)
    if until <= now:
        return None
    local, today = timezone.localtime(until), timezone.localtime(now)
    time = date_format(local, "H:i") if local.date() == today.date() else written(local, "D H:i")
    return _("On call until %(time)s") % {"time": time}


navigation.register(
    navigation.NavItem(
        "oncall",
        gettext_lazy("On-call"),
        "oncall:schedules",
        "phone-call",
        group="operate",
        position=40,
        permission="oncall.view",
        phone=True,
    )
)
navigation.register_presence(presence)
panels.register("incident", "escalation", "oncall:incident-escalation", position=30, permission="incidents.view")
