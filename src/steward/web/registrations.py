"""The home page's entry, the search box, and Steward's own health in the top bar."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.caching import Remembered
from steward.foundation.due.runner import overdue_by_kind
from steward.foundation.ui import statuses
from steward.foundation.ui.navigation import Health, NavItem, register, register_health, register_search

LATE = timedelta(seconds=15)


def _late() -> int:
    return sum(overdue_by_kind(clock.now(), LATE).values())


_remembered_late = Remembered(_late, 5.0)


def health(_actor: Actor) -> Health:
    """Healthy while nothing that is due waits: an engine that stands still shows within seconds."""
    late = _remembered_late()
    if late:
        return Health("down", _("Steward is behind: %(n)s overdue") % {"n": late})
    return Health("healthy", _("Steward healthy"))


register(NavItem("now", gettext_lazy("Now"), "web:now", "activity", "operate", 0, phone=True))
register_search("web:search")
register_health(health)
statuses.register("on-call", "ok", gettext_lazy("on call"))
