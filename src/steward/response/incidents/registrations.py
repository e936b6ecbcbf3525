"""What this room adds to the shell and to pages of other rooms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from steward.foundation import subjects
from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.foundation.ui import lists, navigation, panels, statuses
from steward.response.incidents import queries
from steward.response.incidents.forms import IncidentFilters


def active_count(actor: Actor) -> int:
    """The number beside "Incidents"."""
    return queries.incidents(actor).active().count()


def subject(actor: Actor, text: str) -> SubjectRef:
    """``INC-12`` or ``12`` as lower rooms point at it."""
    return SubjectRef("incident", queries.by_ref(actor, text).pk)


subjects.register("incident", subject)
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
statuses.register("merged", "unknown", _("merged"))
panels.register("service", "incidents", "incidents:service-panel", position=20, permission="incidents.view")
lists.register(
    lists.ListPage("incidents", _("Incidents"), "incidents:list", IncidentFilters, permission="incidents.view")
)
statuses.register("quiet", "maintenance", _("held, pages nobody"))
statuses.register("snoozed", "maintenance", _("snoozed"))
