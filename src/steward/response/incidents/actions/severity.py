"""The severity of an incident: set by people, raised by worse alerts that join."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from steward.foundation.actors import Actor
from steward.foundation.events import publish
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import joined
from steward.response.incidents import events, rules
from steward.response.incidents.actions.shared import (
    JoiningAlert,
    check_open_to_change,
    check_severity,
    entry,
    facts_of,
    locked,
    record,
    save,
    start_escalations,
    subject_of,
)
from steward.response.incidents.actions.watching import end_snooze
from steward.response.incidents.models import EntryKind, Incident, IncidentStatus, TimelineEntry
from steward.response.notifications import actions as notifications
from steward.response.oncall import actions as oncall


@dataclass(frozen=True, slots=True)
class Rule:
    """What says that an alert is that bad: ``text`` for people, ``data`` with its kind, id and version."""

    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)


NO_RULE = Rule()


@transaction.atomic
def set_severity(*, actor: Actor, now: datetime, incident_id: int, severity: str, why: str = "") -> Incident:
    """Raise or lower the severity. From then on it is a person's: alerts that are worse no longer change it."""
    actor.require("incidents.edit")
    check_severity(severity)
    incident = locked(incident_id, actor)
    check_open_to_change(incident)
    before = incident.severity
    incident.severity_by_hand = incident.severity_by_hand or actor.kind != "system"
    if before == severity:
        save(incident, now, "severity_by_hand")
        return incident
    incident.severity = severity
    save(incident, now, "severity", "severity_by_hand")
    text = _("Severity raised to %(to)s") if severity < before else _("Severity lowered to %(to)s")
    entry(incident, now, actor, EntryKind.SEVERITY, text % {"to": severity}, why.strip(), {"from": before})
    record(actor, now, "incident.severity", incident, {"severity": before}, {"severity": severity, "why": why})
    oncall.change_facts(subject=subject_of(incident), facts=facts_of(incident))
    publish(events.IncidentSeverityChanged(incident.pk, before, severity, now))
    return incident


@transaction.atomic
def escalated(*, actor: Actor, now: datetime, incident_id: int, severity: str, why: str) -> bool:
    """An escalation that runs takes the incident for at least this bad; whether that made it worse. The escalation goes
    on where it is, and what it says from now on names the new severity. What a person has judged stands."""
    actor.require("incidents.edit")
    incident = locked(incident_id, actor)
    if not incident.is_active:
        return False
    step = rules.raising(incident.severity, severity, by_hand=incident.severity_by_hand)
    if step == "hold":
        text = _("Severity stays %(severity)s, as a person has set it") % {"severity": incident.severity}
        entry(incident, now, actor, EntryKind.SEVERITY, text, why, {"held": severity})
    if step != "raise":
        return False
    raise_to(incident, now, actor, severity, why, {"policy": incident.policy_id}, tell=False)
    oncall.change_facts(subject=subject_of(incident), facts=facts_of(incident))
    return True


def raise_severity(
    incident: Incident, now: datetime, actor: Actor, alerts: Sequence[JoiningAlert], rule: Rule, *, tell: bool = True
) -> None:
    """Raise a locked incident to the worst of the alerts that have just joined it; it is never lowered.

    ``tell``: somebody has to hear of it, which the caller does itself when it starts the escalation anyway.
    """
    worst = min((alert for alert in alerts if alert.severity), key=lambda alert: alert.severity, default=None)
    if worst is None:
        return
    step = rules.raising(incident.severity, worst.severity, by_hand=incident.severity_by_hand)
    words = {"alert": worst.name, "severity": worst.severity}
    data = {"alert": worst.alert_id, "rule": rule.data}
    if step == "hold":
        _hold(incident, now, actor, worst, rule)
    if step != "raise":
        return
    why = joined(_("%(alert)s fires as %(severity)s") % words, rule.text)
    raise_to(incident, now, actor, worst.severity, why, data, tell=tell and not worst.shadow)


def raise_to(
    incident: Incident, now: datetime, actor: Actor, severity: str, why: str, data: dict[str, Any], *, tell: bool
) -> None:
    """Write that a locked incident is worse than it was, and have people hear of it if ``tell``."""
    before, incident.severity = incident.severity, severity
    save(incident, now, "severity")
    text = _("Severity raised to %(to)s") % {"to": severity}
    entry(incident, now, actor, EntryKind.SEVERITY, text, why, {"from": before, "to": severity, **data})
    record(actor, now, "incident.severity", incident, {"severity": before}, {"severity": severity, **data})
    publish(events.IncidentSeverityChanged(incident.pk, before, severity, now))
    # What shadow mode keeps quiet is told nobody.
    if tell and not incident.shadow:
        _tell(incident, now, actor, before)


def _hold(incident: Incident, now: datetime, actor: Actor, worst: JoiningAlert, rule: Rule) -> None:
    """Note that a person's severity stands against a worse alert; once for each severity, for a storm repeats it."""
    if TimelineEntry.objects.filter(incident=incident, kind=EntryKind.SEVERITY, data__held=worst.severity).exists():
        return
    text = _("Severity stays %(severity)s, as a person has set it") % {"severity": incident.severity}
    reason = _("%(alert)s fires as %(severity)s") % {"alert": worst.name, "severity": worst.severity}
    why = joined(reason, rule.text)
    data = {"held": worst.severity, "alert": worst.alert_id, "rule": rule.data}
    entry(incident, now, actor, EntryKind.SEVERITY, text, why, data)


def _tell(incident: Incident, now: datetime, actor: Actor, before: str) -> None:
    """Have the right people hear that it is worse than they were told."""
    who = rules.hears_of_raise(
        status=incident.status, has_policy=incident.policy_id is not None, has_assignee=incident.assignee_id is not None
    )
    if who == "assignee" and not _page_assignee(incident, now, actor, before):
        who = "anew" if incident.policy_id is not None else "nobody"
    end_snooze(incident, now, actor, _("it became worse"))
    if who != "anew":
        return
    if incident.status == IncidentStatus.ACKNOWLEDGED:
        incident.status, incident.acknowledged_at = IncidentStatus.OPEN, None
        save(incident, now, "status", "acknowledged_at")
        text = _("Open again: it was acknowledged as %(severity)s") % {"severity": before}
        entry(incident, now, actor, EntryKind.ESCALATION, text, _("nobody is assigned who can be told"))
        record(actor, now, "incident.unacknowledge", incident, {"status": "acknowledged"}, {"status": "open"})
        publish(events.IncidentUnacknowledged(incident.pk, now))
    reason = _("it begins anew: the severity was raised to %(to)s") % {"to": incident.severity}
    oncall.stop_escalation(actor=actor, now=now, subject=subject_of(incident), reason=reason)
    start_escalations(actor, now, [incident])


def _page_assignee(incident: Incident, now: datetime, actor: Actor, before: str) -> bool:
    """Page who is on it, and nobody else; whether a page could be sent."""
    why = _("you are on it, and its severity was raised from %(from)s to %(to)s")
    asked = notifications.page(
        actor=actor, now=now, user_id=incident.assignee_id or 0, key=f"incident:{incident.pk}:raised:{incident.severity}",
        subject=subject_of(incident), subject_label=incident.ref, title=incident.title, body=incident.description,
        reason={"why": why % {"from": before, "to": incident.severity}, "facts": facts_of(incident)},
    )  # fmt: skip
    if asked.deliveries:
        text = _("Paging %(name)s") % {"name": incident.assignee}
        entry(incident, now, actor, EntryKind.PAGE, text, _("is on it; nobody else is paged"))
    else:
        entry(incident, now, actor, EntryKind.PAGE, asked.problem, data={"failed": True})
    return asked.deliveries > 0
