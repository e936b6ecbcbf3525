"""The home page's entry, the search box, and Steward's own health in the top bar."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.caching import Remembered
from steward.foundation.due.auditor import SILENT, latest
from steward.foundation.due.runner import overdue_by_kind
from steward.foundation.ui import statuses
from steward.foundation.ui.navigation import Health, NavItem, register, register_health, register_search

LATE = timedelta(seconds=15)


def _standing() -> tuple[int, bool]:
    """How many rows wait (as this process sees it, or as the auditor of the engines does), and whether that auditor has
    fallen silent."""
    now, found = clock.now(), latest()
    late = sum(overdue_by_kind(now, LATE).values())
    if found is None:
        return late, False
    audited = sum(each[part] for each in found.found.values() for part in ("late", "stuck", "stranded"))
    silent = now - found.checked_at > SILENT
    return late or (0 if silent else audited), silent


_remembered = Remembered(_standing, 5.0)


def health(actor: Actor) -> Health:
    """Healthy while nothing that is due waits: an engine that stands still shows within seconds."""
    late, silent = _remembered()
    url = reverse("accounts:settings") if actor.can("settings.view") else ""
    if late:
        return Health("down", _("Steward is behind: %(n)s overdue") % {"n": late}, url)
    if silent:
        return Health("down", _("Steward's engine stands still"), url)
    return Health("healthy", _("Steward healthy"))


register(NavItem("now", gettext_lazy("Now"), "web:now", "activity", "operate", 0, phone=True))
register_search("web:search")
register_health(health)
statuses.register("on-call", "ok", gettext_lazy("on call"))
