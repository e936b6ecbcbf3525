"""What on-call and notifications report goes into the timeline; alerts of incidents stay as long as they do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from steward.foundation.actors import system
from steward.foundation.events import subscribe
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import joined, ngettext
from steward.foundation.subjects import SubjectRef
from steward.response.incidents import actions, answering, queries
from steward.response.notifications.events import PageAnswered, PageFailed, PageSent, SubjectLocking
from steward.response.oncall.events import (
    EscalationEnded,
    NobodyReached,
    PeoplePaged,
    SeverityWanted,
    StepTaken,
    SubjectAsked,
)
from steward.signals.alerts.events import AlertAcknowledged, AlertsLeaving

ONCALL, DELIVERY = system("on-call"), system("notifications")


@subscribe(SubjectLocking)
def subject_locking(event: SubjectLocking) -> None:
    key = _incident(event.subject)
    if key is not None:
        actions.lock(incident_id=key)


@subscribe(SubjectAsked)
def subject_asked(event: SubjectAsked) -> None:
    """How bad it is, for conditions of escalation policies."""
    key = _incident(event.subject)
    if key is not None:
        event.severity, event.alerts = queries.pressure(key, event.minutes, event.now)


@subscribe(SeverityWanted)
def severity_wanted(event: SeverityWanted) -> None:
    """A step of an escalation policy takes it for worse than it is."""
    key = _incident(event.subject)
    if key is not None and actions.escalated(
        actor=ONCALL, now=event.now, incident_id=key, severity=event.severity, why=event.why
    ):
        event.answers.append(event.severity)


@subscribe(AlertsLeaving)
def alerts_leaving(event: AlertsLeaving) -> None:
    event.kept.update(queries.alerts_in_incidents(event.alert_ids))


@subscribe(AlertAcknowledged)
def alert_acknowledged(event: AlertAcknowledged) -> None:
    """Who works on it in another system works on the incident. Nobody here leads it by that: no person is known."""
    actor = system(f"{event.sender}, {event.source_name}"[:200])
    values = {"sender": event.sender, "source": event.source_name}
    via = _("by %(sender)s (source “%(source)s”)") % values
    if event.who:
        via = _("by %(who)s in %(sender)s (source “%(source)s”)") % {**values, "who": event.who}
    for incident in queries.holding(event.alert_id):
        actions.acknowledge(actor=actor, now=event.now, incident_id=incident.pk, via=via)
        event.taken.append(incident.ref)


@subscribe(PeoplePaged)
def people_paged(event: PeoplePaged) -> None:
    for person in event.people:
        text = _("Paging %(name)s") % {"name": person.label}
        _note(event.subject, event.now, "page", text, joined(event.step, person.why), {"user": person.user_id})


@subscribe(StepTaken)
def step_taken(event: StepTaken) -> None:
    data = {"failed": True} if event.failed else None
    _note(event.subject, event.now, "escalation", event.text, event.why, data)


@subscribe(NobodyReached)
def nobody_reached(event: NobodyReached) -> None:
    if event.subject.kind == "helpcall":
        _note(
            event.subject,
            event.now,
            "help",
            _("Nobody could be reached for more hands"),
            event.reason,
            {"failed": True},
        )
        return
    _note(event.subject, event.now, "unreached", _("Nobody could be reached"), event.reason, unreached=True)


@subscribe(EscalationEnded)
def escalation_ended(event: EscalationEnded) -> None:
    if event.subject.kind == "helpcall" and event.outcome == "exhausted":
        actions.search_over(now=event.now, call_id=event.subject.id)
    _note(event.subject, event.now, "escalation", _("Escalation ended"), event.reason)


@subscribe(PageSent)
def page_sent(event: PageSent) -> None:
    channels = {"email": _("e-mail"), "apprise": _("push message")}
    channel = event.spoken or channels.get(event.channel, event.channel)
    text = _("%(name)s was paged by %(channel)s") % {"name": event.user_label, "channel": channel}
    took = _("%(seconds).0f s") % {"seconds": event.seconds} if event.seconds >= 1 else _("less than a second")
    why = _("delivered in %(time)s") % {"time": took}
    if event.others:
        text_of = ngettext(
            "in one message with %(n)s other page", "in one message with %(n)s other pages", event.others
        )
        why = joined(why, text_of % {"n": event.others})
    _note(event.subject, event.now, "page", text, why, {"page": event.page_id})


@subscribe(PageFailed)
def page_failed(event: PageFailed) -> None:
    text = _("The page to %(name)s failed") % {"name": event.user_label}
    _note(event.subject, event.now, "page", text, event.reason, {"page": event.page_id, "failed": True})


def _note(
    subject: SubjectRef,
    now: datetime,
    kind: str,
    text: str,
    why: str,
    data: dict[str, Any] | None = None,
    unreached: bool = False,
) -> None:
    key = _incident(subject)
    if key is not None:
        actor = DELIVERY if kind == "page" else ONCALL
        actions.note_response(
            actor=actor, now=now, incident_id=key, kind=kind, text=text, why=why, data=data, unreached=unreached
        )


def _incident(subject: SubjectRef) -> int | None:
    """The incident that the subject is or belongs to."""
    if subject.kind == "helpcall":
        return queries.incident_of_call(subject.id)
    return subject.id if subject.kind == "incident" else None


@subscribe(PageAnswered)
def page_answered(event: PageAnswered) -> None:
    answering.answered(event)
