"""Two incidents are one, and two again if that was a mistake."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime

from steward.foundation.actors import Actor
from steward.foundation.events import publish
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import joined, ngettext
from steward.response.incidents import events, rules
from steward.response.incidents.actions.membership import recount
from steward.response.incidents.actions.moving import carry, hold_both, settle_left
from steward.response.incidents.actions.severity import raise_to
from steward.response.incidents.actions.shared import end_shadow, entry, record, save, start_escalations, subject_of
from steward.response.incidents.actions.states import end_promises
from steward.response.incidents.errors import CannotMove
from steward.response.incidents.models import EntryKind, Incident, IncidentAlert, IncidentStatus, Move, MoveKind
from steward.response.oncall import actions as oncall


@transaction.atomic
def merge(*, actor: Actor, now: datetime, incident_id: int, into_id: int, why: str = "") -> Incident:
    """Let an incident go on in another: its alerts and what will join them move, its escalation stops, it is closed.
    Returns the other, which is raised to its severity unless a person has set that."""
    actor.require("incidents.edit")
    left, into = hold_both(actor, incident_id, into_id)
    _check(left, into)
    before = {
        "status": left.status,
        "acknowledged_at": left.acknowledged_at.isoformat() if left.acknowledged_at else None,
        "resolved_at": left.resolved_at.isoformat() if left.resolved_at else None,
        "severity": into.severity,
    }
    alerts = list(IncidentAlert.objects.filter(incident=left).order_by("alert_id").values_list("alert_id", flat=True))
    shared = carry(left, into, alerts)
    fired = left.firing_count
    _close(left, into, now, actor, why.strip())
    _take(left, into, now, actor, why.strip(), len(alerts), fired, before)
    told = events.IncidentsMerged(left.pk, into.pk, now)
    publish(events.IncidentClosed(left.pk, now))
    publish(told)
    Move.objects.create(
        kind=MoveKind.MERGE, left=left, joined=into, at=now, actor_label=actor.label[:200], why=why.strip(), alerts=alerts,
        data={"before": before, "shared": shared, "carried": told.carried, "severity": into.severity},
    )  # fmt: skip
    # What rooms above did to it in the meantime (made it quiet or loud) counts.
    into.refresh_from_db()
    return into


def _check(left: Incident, into: Incident) -> None:
    found = rules.cannot_merge(
        rules.Side(left.pk, left.status, left.merged_into_id), rules.Side(into.pk, into.status, into.merged_into_id)
    )
    if found == "same":
        raise CannotMove(_("An incident cannot be merged into itself. Choose another one."))
    for each, wrong in ((left, found == "over"), (into, found == "target-over")):
        if wrong and each.merged_into is not None:
            text = _("%(ref)s was merged into %(into)s. Go on there.")
            raise CannotMove(text % {"ref": each.ref, "into": each.merged_into.ref})
    if found == "over":
        raise CannotMove(_("%(ref)s is closed; it has nothing to merge.") % {"ref": left.ref})
    if found:
        raise CannotMove(_("%(ref)s is over. Reopen it first, or choose an open incident.") % {"ref": into.ref})


def _close(left: Incident, into: Incident, now: datetime, actor: Actor, why: str) -> None:
    """The merged incident is closed, with the way to where it goes on."""
    before = left.status
    left.status, left.closed_at, left.merged_into, left.unreached = IncidentStatus.CLOSED, now, into, False
    left.alert_count = left.firing_count = 0
    left.quiet_since, left.due_at, left.leased_until = None, None, None
    save(
        left, now, "status", "closed_at", "merged_into", "unreached", "alert_count", "firing_count", "quiet_since",
        "due_at", "leased_until",
    )  # fmt: skip
    text = _("Merged into %(ref)s") % {"ref": into.ref}
    entry(left, now, actor, EntryKind.MERGED, text, why, {"incident": into.number})
    oncall.stop_escalation(actor=actor, now=now, subject=subject_of(left), reason=text)
    end_promises(left, now, actor, text)
    after = {"status": left.status, "merged_into": into.ref, "why": why}
    record(actor, now, "incident.merge", left, {"status": before}, after)


def _take(
    left: Incident, into: Incident, now: datetime, actor: Actor, why: str, alerts: int, fired: int,
    before: dict[str, Any],
) -> None:  # fmt: skip
    """The other takes over: alerts, who is on it if nobody is here, and who is paged if nobody would be."""
    recount(into, now)
    brought = ngettext("it brought %(n)s alert", "it brought %(n)s alerts", alerts) % {"n": alerts}
    text = _("%(ref)s was merged into this") % {"ref": left.ref}
    entry(into, now, actor, EntryKind.MERGED, text, joined(why, brought), {"incident": left.number})
    changes: dict[str, Any] = {"merged": left.ref, "alerts": alerts, "firing": fired}
    if into.assignee_id is None and left.assignee_id is not None:
        into.assignee = left.assignee
        save(into, now, "assignee")
        entry(into, now, actor, EntryKind.ASSIGNED, _("Assigned to %(name)s") % {"name": left.assignee}, text)
        changes["assignee"] = str(left.assignee)
    if not left.shadow:
        end_shadow(into, now, actor, text)
    starts = into.policy_id is None and left.policy_id is not None
    if starts:
        into.policy_id = left.policy_id
        save(into, now, "policy")
    record(actor, now, "incident.merge", into, {}, changes)
    _raise(left, into, now, actor, tell=not starts)
    # Nobody was paged for the other, and the pages of the merged one have just been stopped.
    if starts and into.status == IncidentStatus.OPEN and before["status"] == IncidentStatus.OPEN:
        start_escalations(actor, now, [into])


def _raise(left: Incident, into: Incident, now: datetime, actor: Actor, *, tell: bool) -> None:
    step = rules.raising(into.severity, left.severity, by_hand=into.severity_by_hand)
    why = _("%(ref)s, which was merged into it, is %(severity)s") % {"ref": left.ref, "severity": left.severity}
    if step == "raise":
        raise_to(into, now, actor, left.severity, why, {"merged": left.number}, tell=tell)
    elif step == "hold":
        text = _("Severity stays %(severity)s, as a person has set it") % {"severity": into.severity}
        entry(into, now, actor, EntryKind.SEVERITY, text, why, {"held": left.severity, "merged": left.number})


@transaction.atomic
def undo_merge(*, actor: Actor, now: datetime, incident_id: int, why: str = "") -> Incident:
    """Make a merged incident one of its own again: its alerts go back, and those that came to its groups meanwhile.
    Returns it. Possible while the other is being worked on."""
    actor.require("incidents.edit")
    found = Incident.objects.visible_to(actor).filter(pk=incident_id).first()
    move = Move.objects.filter(left_id=incident_id, kind=MoveKind.MERGE, undone_at=None).order_by("-pk").first()
    if found is None or move is None:
        raise CannotMove(_("It was not merged into another incident, or that is undone already."))
    carried = dict(move.data.get("carried") or {})
    asked = events.MergeUndoing(move.joined_id, carried)
    publish(asked)
    left, into = hold_both(actor, incident_id, move.joined_id)
    if left.merged_into_id != into.pk:
        raise CannotMove(_("It was not merged into another incident, or that is undone already."))
    if not into.is_active:
        text = _("%(ref)s, where it goes on, is over. Reopen it first; then this can be undone.")
        raise CannotMove(text % {"ref": into.ref})
    carry(into, left, {*move.alerts, *asked.alerts}, keep=move.data.get("shared", ()))
    settle_left(into, now, actor, left.ref, stays_open=False)
    _restore(left, into, move, now, actor, why.strip())
    _lower(into, move, now, actor)
    Move.objects.filter(pk=move.pk).update(undone_at=now)
    publish(events.MergeUndone(left.pk, into.pk, carried, now))
    left.refresh_from_db()
    return left


def _restore(left: Incident, into: Incident, move: Move, now: datetime, actor: Actor, why: str) -> None:
    """The state it had; resolved if everything in it has ended meanwhile. While it is open it pages again."""
    before = move.data["before"]
    left.merged_into, left.closed_at = None, None
    recount(left, now)
    # What never had an alert is what a person declared: nothing has ended in it.
    lives = left.firing_count or (not left.alert_count)
    left.status = IncidentStatus(rules.restored(before["status"], firing=int(bool(lives))))
    left.acknowledged_at = parse_datetime(before["acknowledged_at"]) if before["acknowledged_at"] else None
    over = left.status == IncidentStatus.RESOLVED
    left.resolved_at = (parse_datetime(before["resolved_at"]) if before["resolved_at"] else now) if over else None
    left.due_at, left.leased_until = rules.closes_at(now) if over else None, None
    save(
        left, now, "merged_into", "closed_at", "status", "acknowledged_at", "resolved_at", "due_at", "leased_until"
    )  # fmt: skip
    text = _("Taken out of %(ref)s again") % {"ref": into.ref}
    entry(left, now, actor, EntryKind.SPLIT, text, why, {"incident": into.number})
    there = _("%(ref)s was taken out of this again") % {"ref": left.ref}
    entry(into, now, actor, EntryKind.SPLIT, there, why, {"incident": left.number})
    record(actor, now, "incident.unmerge", left, {"merged_into": into.ref}, {"status": left.status, "why": why})
    record(actor, now, "incident.unmerge", into, {"merged": left.ref}, {"why": why})
    if left.status == IncidentStatus.OPEN:
        publish(events.IncidentReopened(left.pk, now))
        start_escalations(actor, now, [left])


def _lower(into: Incident, move: Move, now: datetime, actor: Actor) -> None:
    """What the merge raised is as before, unless somebody or something has judged it since."""
    before, raised = move.data["before"]["severity"], move.data["severity"]
    if into.severity != raised or before == raised or into.severity_by_hand:
        return
    into.severity = before
    save(into, now, "severity")
    text = _("Severity lowered to %(to)s") % {"to": before}
    entry(into, now, actor, EntryKind.SEVERITY, text, _("the merge that raised it is undone"), {"from": raised})
    record(actor, now, "incident.severity", into, {"severity": raised}, {"severity": before})
    publish(events.IncidentSeverityChanged(into.pk, raised, before, now))
