"""Handing an incident over: a colleague is asked, and it changes hands when they accept."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from steward.foundation.actors import Actor, system
from steward.foundation.due import registry
from steward.foundation.errors import Forbidden, Invalid
from steward.foundation.events import publish
from steward.foundation.sentences import Moment, joined
from steward.foundation.sentences import gettext as _
from steward.people.accounts import queries as accounts
from steward.response.incidents import events, rules
from steward.response.incidents.actions.shared import entry, facts_of, locked, record, refuse, save, subject_of
from steward.response.incidents.actions.watching import end_snooze, keep_terms
from steward.response.incidents.errors import HandoverOver, HandoverPending
from steward.response.incidents.models import EntryKind, Handover, HandoverState, Incident, IncidentStatus, Watch
from steward.response.notifications import actions as notifications
from steward.response.oncall import actions as oncall

DUE_KIND = "incidents.handover"
MAX_NOTE = 2_000
PAGER = system("incidents")


@transaction.atomic
def ask_handover(
    *, actor: Actor, now: datetime, incident_id: int, to_id: int, note: str = "", minutes: int = rules.HANDOVER_MINUTES
) -> Handover:
    """Ask somebody to take an active incident over within ``minutes``. It stays with who has it until they accept."""
    actor.require("incidents.assign")
    incident = locked(incident_id, actor)
    if not incident.is_active:
        refuse(incident)
    note = note.strip()[:MAX_NOTE]
    if not 1 <= minutes <= rules.LONGEST_PROMISE:
        text = _("Write 1 to %(n)s minutes.") % {"n": rules.LONGEST_PROMISE}
        raise Invalid(text, fields={"minutes": [text]})
    person = accounts.person(to_id)
    if person is None or not person.is_active or person.organisation.kind != "home":
        raise Invalid(_("There is no such active person."), fields={"to": [_("Choose someone else.")]})
    if person.pk == incident.assignee_id:
        text = _("%(name)s has it already.") % {"name": person}
        raise Invalid(text, fields={"to": [text]})
    pending = Handover.objects.filter(incident=incident, state=HandoverState.ASKED).select_related("taker").first()
    if pending is not None:
        text = _("%(name)s is asked already. Withdraw that first, or wait for the answer.")
        raise HandoverPending(text % {"name": pending.taker})
    made = Handover.objects.create(
        incident=incident, giver_id=incident.assignee_id or actor.user_id, taker=person, note=note, asked_at=now,
        due_at=now + timedelta(minutes=minutes),
    )  # fmt: skip
    why = _("%(name)s asks you to take it over; answer until %(time)s") % {
        "name": actor.label, "time": Moment(now + timedelta(minutes=minutes), person.time_zone or "UTC", "H:i"),
    }  # fmt: skip
    problem = _page(incident, now, actor, person.pk, f"handover:{made.pk}", joined(why, note), "important")
    if problem:
        raise Invalid(problem, fields={"to": [problem]})
    save(incident, now)
    asked = _("Asked %(name)s to take over") % {"name": person}
    until = _("until %(time)s it stays where it is") % {"time": Moment(made.due_at or now, "UTC", "H:i")}
    entry(incident, now, actor, EntryKind.HANDOVER, asked, joined(note, until), {"user": person.pk})
    record(actor, now, "incident.handover.ask", incident, after={"to": str(person), "minutes": minutes})
    registry.wake(DUE_KIND)
    return made


@transaction.atomic
def answer_handover(*, actor: Actor, now: datetime, handover_id: int, accept: bool, why: str = "") -> Incident:
    """Say yes or no to taking an incident over; only who was asked can, or a program that may assign (a chat in which they
    said so)."""
    actor.require("incidents.acknowledge" if actor.user_id else "incidents.assign")
    incident, handover = _locked(actor, handover_id)
    if actor.user_id and actor.user_id != handover.taker_id:
        raise Forbidden(_("Only %(name)s can answer: they were asked.") % {"name": handover.taker})
    if handover.state != HandoverState.ASKED:
        raise _over(handover)
    if not accept:
        _end(handover, now, HandoverState.DECLINED)
        save(incident, now)
        text = _("%(name)s does not take over") % {"name": handover.taker}
        entry(incident, now, actor, EntryKind.HANDOVER, text, why.strip(), {"failed": True})
        record(actor, now, "incident.handover.decline", incident, after={"why": why})
        _tell_giver(incident, handover, now, actor, joined(text, why.strip(), _("it stays yours")))
        return incident
    _end(handover, now, HandoverState.ACCEPTED)
    _take(incident, handover, now, actor)
    return incident


@transaction.atomic
def withdraw_handover(*, actor: Actor, now: datetime, handover_id: int) -> Incident:
    """Take back the question; who answers later is told that it is over."""
    actor.require("incidents.assign")
    incident, handover = _locked(actor, handover_id)
    if handover.state != HandoverState.ASKED:
        raise _over(handover)
    _withdraw(incident, handover, now, actor)
    save(incident, now)
    return incident


@transaction.atomic
def handover_due(*, actor: Actor, now: datetime, handover_id: int) -> None:
    """Nobody answered in time: it stays where it is, and who wanted to give it hears of that."""
    incident, handover = _locked(actor, handover_id)
    if handover.state != HandoverState.ASKED or handover.due_at is None or handover.due_at > now:
        Handover.objects.filter(pk=handover_id).update(leased_until=None)
        return
    _end(handover, now, HandoverState.EXPIRED)
    save(incident, now)
    text = _("%(name)s did not answer whether they take over") % {"name": handover.taker}
    entry(incident, now, actor, EntryKind.HANDOVER, text, data={"failed": True})
    _tell_giver(incident, handover, now, actor, joined(text, _("it stays yours")))


def end_handover(incident: Incident, now: datetime, actor: Actor) -> None:
    """A locked incident is over or has changed hands: nobody has to take it over any more."""
    pending = Handover.objects.select_for_update().filter(incident=incident, state=HandoverState.ASKED).first()
    if pending is not None:
        _withdraw(incident, pending, now, actor)


def _take(incident: Incident, handover: Handover, now: datetime, actor: Actor) -> None:
    """It changes hands. Who takes over what nobody has acknowledged acknowledges it."""
    before, was_open = incident.assignee, incident.status == IncidentStatus.OPEN
    incident.assignee = handover.taker
    changed = ["assignee"]
    if was_open:
        incident.status, incident.acknowledged_at, incident.unreached = IncidentStatus.ACKNOWLEDGED, now, False
        changed += ["status", "acknowledged_at", "unreached"]
    save(incident, now, *changed)
    who = before or handover.giver
    text = _("%(name)s took over from %(other)s") if who else _("%(name)s took over")
    text = text % {"name": handover.taker, "other": who}
    entry(incident, now, actor, EntryKind.HANDOVER, text, handover.note, {"user": handover.taker_id})
    record(
        actor, now, "incident.handover.accept", incident, {"assignee": str(before) if before else None},
        {"assignee": str(handover.taker)},
    )  # fmt: skip
    watch = Watch.objects.filter(incident=incident).first()
    if watch is not None:
        # The same terms, from now on.
        keep_terms(incident, now, watch.ack_minutes, watch.remind_minutes)
    if was_open:
        end_snooze(incident, now, actor, text)
        oncall.stop_escalation(actor=actor, now=now, subject=subject_of(incident), reason=_("acknowledged"))
        publish(events.IncidentAcknowledged(incident.pk, now))
    if handover.giver_id and handover.giver_id != handover.taker_id:
        _page(incident, now, actor, handover.giver_id, f"handover:{handover.pk}:answer", text, "normal")


def _withdraw(incident: Incident, handover: Handover, now: datetime, actor: Actor) -> None:
    _end(handover, now, HandoverState.WITHDRAWN)
    text = _("%(name)s need not take over any more") % {"name": handover.taker}
    entry(incident, now, actor, EntryKind.HANDOVER, text)
    record(actor, now, "incident.handover.withdraw", incident, before={"to": str(handover.taker)})


def _tell_giver(incident: Incident, handover: Handover, now: datetime, actor: Actor, why: str) -> None:
    if handover.giver_id is None:
        return
    problem = _page(incident, now, actor, handover.giver_id, f"handover:{handover.pk}:answer", why, "important")
    if problem:
        entry(incident, now, actor, EntryKind.PAGE, problem, data={"failed": True})


def _page(
    incident: Incident, now: datetime, actor: Actor, user_id: int, key: str, why: str, importance: str
) -> str:  # fmt: skip
    """Page one person; what keeps them from being reached, if anything does. Answering takes no right to assign."""
    asked = notifications.page(
        actor=PAGER, now=now, user_id=user_id, key=key, subject=subject_of(incident), subject_label=incident.ref,
        title=incident.title, body=incident.description,
        reason={"why": why, "facts": facts_of(incident), "importance": importance, "asked_by": actor.label},
        importance=importance,
    )  # fmt: skip
    return "" if asked.deliveries else asked.problem


def _locked(actor: Actor, handover_id: int) -> tuple[Incident, Handover]:
    """Lock the incident, then the handover."""
    key = Handover.objects.filter(pk=handover_id).values_list("incident_id", flat=True).first()
    incident = locked(key or 0, actor)
    handover = Handover.objects.select_for_update(of=("self",)).select_related("taker", "giver").get(pk=handover_id)
    return incident, handover


def _end(handover: Handover, now: datetime, state: HandoverState) -> None:
    handover.state, handover.ended_at, handover.due_at, handover.leased_until = state, now, None, None
    handover.save(update_fields=["state", "ended_at", "due_at", "leased_until"])


def _over(handover: Handover) -> HandoverOver:
    states = {
        HandoverState.ACCEPTED: _("%(name)s has taken over already."),
        HandoverState.DECLINED: _("%(name)s has declined already."),
        HandoverState.EXPIRED: _("Nobody answered in time. Ask again."),
        HandoverState.WITHDRAWN: _("The question was withdrawn."),
    }
    return HandoverOver(states[HandoverState(handover.state)] % {"name": handover.taker})
