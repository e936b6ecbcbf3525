"""What this room adds to the shell and to pages of other rooms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from steward.foundation.actors import Actor
from steward.foundation.ui import navigation, panels
from steward.response.incidents import queries


def active_count(actor: Actor) -> int:
    """The number beside "Incidents"."""
    return queries.incidents(actor).active().count()


navigation.register(
    navigation.NavItem(
        "incidents",
        _("Incidents"),
        "incidents:list",
        "urgent",
        "operate",
        position=30,
        permission="incidents.view",
        badge=active_count,
        phone=True,
        shortcut="i",
    )
)
panels.register("service", "incidents", "incidents:service-panel", position=20, permission="incidents.view")
