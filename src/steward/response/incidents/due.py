"""Resolved incidents close after a quiet period."""

from steward.foundation.actors import system
from steward.foundation.due.registry import DueKind, each, register
from steward.response.incidents import actions
from steward.response.incidents.models import Incident

ENGINE = system("engine")

register(
    DueKind(
        "incidents.close",
        Incident,
        each(lambda key, now: actions.close_if_due(actor=ENGINE, now=now, incident_id=key)),
    )
)
