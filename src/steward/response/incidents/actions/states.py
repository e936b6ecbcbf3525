"""The states of an incident: acknowledged, resolved, reopened, closed. Each locks the row and only then looks."""

from __future__ import annotations

from datetime import datetime

from steward.foundation.actors import Actor
from steward.foundation.events import publish
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import joined
from steward.foundation.ui.spans import duration_words
from steward.response.incidents import events, rules
from steward.response.incidents.actions.handing import end_handover
from steward.response.incidents.actions.helping import end_help
from steward.response.incidents.actions.shared import entry, record, save, subject_of
from steward.response.incidents.actions.watching import end_watch
from steward.response.incidents.models import EntryKind, Incident, IncidentStatus
from steward.response.oncall import actions as oncall


def resolve_locked(incident: Incident, now: datetime, actor: Actor, why: str, via: str) -> None:
    """Resolve a locked incident; nothing happens if it is over already."""
    before = incident.status
    if not rules.move("resolve", before).changes:
        return
    incident.status, incident.resolved_at, incident.unreached = IncidentStatus.RESOLVED, now, False
    incident.due_at, incident.leased_until = rules.closes_at(now), None
    save(incident, now, "status", "resolved_at", "unreached", "due_at", "leased_until")
    text = _("Resolved %(via)s") % {"via": via} if via else _("Resolved")
    took = _("%(time)s after it opened") % {"time": duration_words(now - incident.opened_at)}
    entry(incident, now, actor, EntryKind.RESOLVED, text, joined(why, took))
    oncall.stop_escalation(actor=actor, now=now, subject=subject_of(incident), reason=_("resolved"))
    end_promises(incident, now, actor, _("resolved"))
    record(actor, now, "incident.resolve", incident, {"status": before}, {"status": incident.status, "why": why})
    publish(events.IncidentResolved(incident.pk, now))


def end_promises(incident: Incident, now: datetime, actor: Actor, reason: str) -> None:
    """What people promised or were asked for about a locked incident ends with it."""
    end_watch(incident, now)
    end_handover(incident, now, actor)
    end_help(incident, now, actor, reason)
