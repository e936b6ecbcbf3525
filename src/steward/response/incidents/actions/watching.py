"""The terms on which somebody is on an incident: until when, with which reminders, and letting it rest for a while."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from steward.foundation.actors import Actor
from steward.foundation.due import registry
from steward.foundation.errors import Invalid
from steward.foundation.events import publish
from steward.foundation.sentences import Moment, ngettext
from steward.foundation.sentences import gettext as _
from steward.response.incidents import events, queries, rules
from steward.response.incidents.actions.shared import (
    check_open_to_change,
    entry,
    facts_of,
    locked,
    record,
    refuse,
    save,
    start_escalations,
    subject_of,
)
from steward.response.incidents.models import EntryKind, Incident, IncidentStatus, Watch
from steward.response.notifications import actions as notifications
from steward.response.oncall import actions as oncall

DUE_KIND = "incidents.watch"


def check_terms(minutes: int | None, remind_minutes: int | None) -> None:
    """Refuse terms that nobody can mean."""
    for name, value in (("minutes", minutes), ("remind_minutes", remind_minutes)):
        if value is not None and not 1 <= value <= rules.LONGEST_PROMISE:
            text = _("Write 1 to %(n)s minutes.") % {"n": rules.LONGEST_PROMISE}
            raise Invalid(text, fields={name: [text]})


def keep_terms(incident: Incident, now: datetime, minutes: int | None, remind_minutes: int | None) -> None:
    """A locked incident is acknowledged on these terms from now on, whatever they were before."""
    if minutes is None and remind_minutes is None and incident.snoozed_until is None:
        Watch.objects.filter(incident=incident).delete()
        return
    watch, _made = Watch.objects.update_or_create(
        incident=incident,
        defaults={
            "since": now, "ack_minutes": minutes, "remind_minutes": remind_minutes, "reminded_at": None,
            "leased_until": None,
        },
    )  # fmt: skip
    _set_clock(watch, incident)


def terms_words(minutes: int | None) -> str:
    """ "others are paged again if nothing is noted for 30 minutes"."""
    if minutes is None:
        return ""
    text = ngettext(
        "others are paged again if nothing is noted for %(n)s minute",
        "others are paged again if nothing is noted for %(n)s minutes", minutes,
    )  # fmt: skip
    return text % {"n": minutes}


@transaction.atomic
def snooze(*, actor: Actor, now: datetime, incident_id: int, until: datetime, why: str = "") -> Incident:
    """Let an active incident rest: nobody is paged until then. After that its escalation begins anew, or, if somebody is
    on it, they hear of it. Becoming worse ends it before."""
    actor.require("incidents.edit")
    incident = locked(incident_id, actor)
    if not incident.is_active:
        refuse(incident)
    if not now < until <= now + rules.LONGEST_SNOOZE:
        text = _("Choose a time between now and %(n)s days from now.") % {"n": rules.LONGEST_SNOOZE.days}
        raise Invalid(text, fields={"until": [text]})
    incident.snoozed_until, incident.unreached = until, False
    save(incident, now, "snoozed_until", "unreached")
    watch, _made = Watch.objects.get_or_create(incident=incident, defaults={"since": now})
    _set_clock(watch, incident)
    text = _("Snoozed until %(time)s") % {"time": Moment(until, "UTC", "D j M H:i")}
    entry(incident, now, actor, EntryKind.SNOOZED, text, why.strip(), {"until": until.isoformat()})
    oncall.stop_escalation(actor=actor, now=now, subject=subject_of(incident), reason=text)
    record(actor, now, "incident.snooze", incident, {}, {"until": until.isoformat(), "why": why})
    return incident


@transaction.atomic
def unsnooze(*, actor: Actor, now: datetime, incident_id: int) -> Incident:
    """End the rest before its time."""
    actor.require("incidents.edit")
    incident = locked(incident_id, actor)
    check_open_to_change(incident)
    if incident.snoozed_until is not None:
        record(actor, now, "incident.unsnooze", incident, {"until": incident.snoozed_until.isoformat()}, {})
        _wake(incident, now, actor, _("Not snoozed any more"))
        _look_again(incident, now)
    return incident


def end_snooze(incident: Incident, now: datetime, actor: Actor, why: str) -> None:
    """A locked incident does not rest any more, because something happened that people must hear of."""
    if incident.snoozed_until is not None:
        incident.snoozed_until = None
        save(incident, now, "snoozed_until")
        entry(incident, now, actor, EntryKind.SNOOZED, _("Not snoozed any more"), why)
        _look_again(incident, now)


def end_watch(incident: Incident, now: datetime) -> None:
    """A locked incident is over: no clock rings for it any more."""
    Watch.objects.filter(incident=incident).delete()
    if incident.snoozed_until is not None:
        incident.snoozed_until = None
        save(incident, now, "snoozed_until")


@transaction.atomic
def watch_due(*, actor: Actor, now: datetime, watch_id: int) -> None:
    """Do what is due: wake a snoozed incident, open one again of which nothing was heard, remind its owner. A second run
    finds nothing due."""
    key = Watch.objects.filter(pk=watch_id).values_list("incident_id", flat=True).first()
    if key is None:
        return
    incident = Incident.objects.select_for_update(no_key=True).get(pk=key)
    watch = Watch.objects.select_for_update().filter(pk=watch_id).first()
    if watch is None or watch.due_at is None or watch.due_at > now:
        if watch is not None and watch.leased_until is not None:
            watch.leased_until = None
            watch.save(update_fields=["leased_until"])
        return
    # What people did meanwhile counts: it may not be due any more.
    ring = rules.next_ring(_watched(watch, incident))
    if ring is not None and ring[0] <= now:
        _ring(watch, incident, now, actor, ring[1])
    _set_clock(watch, incident)


def _ring(watch: Watch, incident: Incident, now: datetime, actor: Actor, what: rules.Ring) -> None:
    if what == "wake":
        _wake(incident, now, actor, _("It was snoozed long enough"))
        watch.since = now
        watch.save(update_fields=["since"])
    elif what == "expire":
        _open_again(watch, incident, now, actor)
    else:
        _remind(watch, incident, now, actor, last=what == "warn")


def _wake(incident: Incident, now: datetime, actor: Actor, text: str) -> None:
    incident.snoozed_until = None
    save(incident, now, "snoozed_until")
    if incident.status == IncidentStatus.ACKNOWLEDGED:
        entry(incident, now, actor, EntryKind.SNOOZED, text)
        key = f"incident:{incident.pk}:woken:{now.isoformat()}"
        _page_owner(incident, now, actor, key, _("it is yours, and it was snoozed until now"))
        return
    entry(incident, now, actor, EntryKind.SNOOZED, text, _("people are paged again") if incident.policy_id else "")
    if incident.quiet_since is None:
        start_escalations(actor, now, [incident])


def _open_again(watch: Watch, incident: Incident, now: datetime, actor: Actor) -> None:
    """Nothing was noted: whoever promised may not be able to, so everybody is asked again."""
    before, minutes = incident.assignee, watch.ack_minutes or 0
    incident.status, incident.acknowledged_at, incident.assignee = IncidentStatus.OPEN, None, None
    save(incident, now, "status", "acknowledged_at", "assignee")
    text = ngettext(
        "Open again: nothing was noted for %(n)s minute", "Open again: nothing was noted for %(n)s minutes", minutes
    ) % {"n": minutes}  # fmt: skip
    why = _("%(name)s is not on it any more") % {"name": before} if before else ""
    entry(incident, now, actor, EntryKind.ESCALATION, text, why, {"failed": True})
    record(
        actor, now, "incident.unacknowledge", incident,
        {"status": "acknowledged", "assignee": str(before) if before else None}, {"status": "open", "minutes": minutes},
    )  # fmt: skip
    publish(events.IncidentUnacknowledged(incident.pk, now))
    if incident.quiet_since is None:
        start_escalations(actor, now, [incident])


def _remind(watch: Watch, incident: Incident, now: datetime, actor: Actor, *, last: bool) -> None:
    watch.reminded_at, watch.reminders = now, watch.reminders + 1
    watch.save(update_fields=["reminded_at", "reminders"])
    why = _("it is yours; nothing was noted since %(time)s") if not last else _(
        "it is yours; nothing was noted since %(time)s, and others are paged soon"
    )  # fmt: skip
    since = _watched(watch, incident).quiet_since
    zone = incident.assignee.time_zone if incident.assignee else "UTC"
    why = why % {"time": Moment(since, zone or "UTC", "H:i")}
    _page_owner(
        incident, now, actor, f"incident:{incident.pk}:reminder:{watch.pk}:{watch.reminders}", why, normal=not last
    )


def _page_owner(
    incident: Incident, now: datetime, actor: Actor, key: str, why: str, *, normal: bool = False
) -> None:  # fmt: skip
    if incident.assignee_id is None:
        entry(
            incident, now, actor, EntryKind.PAGE, _("Nobody is assigned who could be reminded"), data={"failed": True}
        )
        save(incident, now)
        return
    asked = notifications.page(
        actor=actor, now=now, user_id=incident.assignee_id, key=key, subject=subject_of(incident),
        subject_label=incident.ref, title=incident.title, body=incident.description,
        reason={"why": why, "facts": facts_of(incident), "importance": "normal" if normal else "important"},
        importance="normal" if normal else "important",
    )  # fmt: skip
    text = _("Reminding %(name)s") % {"name": incident.assignee} if asked.deliveries else asked.problem
    entry(incident, now, actor, EntryKind.PAGE, text, why, None if asked.deliveries else {"failed": True})
    save(incident, now)


def _look_again(incident: Incident, now: datetime) -> None:
    watch = Watch.objects.filter(incident=incident).first()
    if watch is not None:
        watch.since = now
        watch.save(update_fields=["since"])
        _set_clock(watch, incident)


def _set_clock(watch: Watch, incident: Incident) -> None:
    """The next of its clocks; without any it is not needed any more."""
    ring = rules.next_ring(_watched(watch, incident))
    watch.due_at, watch.leased_until = ring[0] if ring else None, None
    watch.save(update_fields=["due_at", "leased_until"])
    if ring is not None:
        registry.wake(DUE_KIND)


def _watched(watch: Watch, incident: Incident) -> rules.Watched:
    """The row in the terms of the rules."""
    return rules.Watched(
        incident.status, watch.since, watch.ack_minutes, watch.remind_minutes, watch.reminded_at,
        queries.last_progress(incident.pk, watch.since), incident.snoozed_until,
    )  # fmt: skip
