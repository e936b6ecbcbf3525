"""Resolved incidents close after a quiet period; promises about active ones have clocks."""

from django.db.models import Q

from steward.foundation.actors import system
from steward.foundation.due.registry import DueKind, each, register
from steward.response.incidents import actions
from steward.response.incidents.models import Handover, Incident, Watch

ENGINE = system("engine")

register(
    DueKind(
        "incidents.close",
        Incident,
        each(lambda key, now: actions.close_if_due(actor=ENGINE, now=now, incident_id=key)),
    )
)
register(
    DueKind(
        "incidents.watch", Watch,
        each(lambda key, now: actions.watch_due(actor=ENGINE, now=now, watch_id=key)),
    )
)  # fmt: skip
register(
    DueKind(
        "incidents.handover", Handover,
        each(lambda key, now: actions.handover_due(actor=ENGINE, now=now, handover_id=key)),
        stranded=Q(state="asked", due_at=None),
    )
)  # fmt: skip
