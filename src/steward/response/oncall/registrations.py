"""What this room adds to the shell and to pages of other rooms."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.ui import navigation, panels
from steward.response.oncall import queries


def presence(actor: Actor) -> str | None:
    """What stands under the reader's name: "On call until 09:00"."""
    if actor.user_id is None or not actor.can("oncall.view"):
        return None
    now = clock.now()
    duty = queries.duty_of(actor.user_id, now)
    if not duty.now:
        return None
    zone = timezone.get_current_timezone()
    until = max(shift.end for shift in duty.now).astimezone(ZoneInfo(str(zone)))
    same_day = until.date() == timezone.localtime(now).date()
    return _("On call until %(time)s") % {"time": date_format(until, "H:i" if same_day else "D H:i")}


navigation.register(
    navigation.NavItem(
        "oncall", gettext_lazy("On-call"), "oncall:schedules", "phone-call", group="operate", position=40,
        permission="oncall.view", phone=True,
    )
)
navigation.register_presence(presence)
panels.register("incident", "escalation", "oncall:incident-escalation", position=30, permission="incidents.view")
