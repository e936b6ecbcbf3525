"""Alerts that are something of their own become an incident of their own."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from steward.foundation.actors import Actor
from steward.foundation.errors import Invalid
from steward.foundation.events import publish
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import joined, ngettext
from steward.response.incidents import events
from steward.response.incidents.actions.membership import recount
from steward.response.incidents.actions.merging import merge
from steward.response.incidents.actions.moving import carry, settle_left
from steward.response.incidents.actions.opening import Opening, open_incidents
from steward.response.incidents.actions.shared import check_severity, entry, locked, record, refuse, save
from steward.response.incidents.errors import CannotMove
from steward.response.incidents.models import EntryKind, Incident, IncidentAlert, IncidentStatus, Move, MoveKind
from steward.response.oncall import queries as oncall


@transaction.atomic
def split(
    *, actor: Actor, now: datetime, incident_id: int, alert_ids: Collection[int] = (), group_ids: Collection[int] = (),
    title: str, severity: str, policy_id: int | None = None, pages: bool = True, why: str = "",
) -> Incident:  # fmt: skip
    """Take alerts, or whole groups with what will come in them, into a new incident; returns it.

    They stay there when they fire again. Without paging it is as it was: whoever is on the first incident is on it.
    """
    actor.require("incidents.edit")
    actor.require("incidents.declare")
    _check(actor, title, severity, policy_id, alert_ids, group_ids)
    plan = events.SplitPlanned(incident_id, set(alert_ids), set(group_ids))
    publish(plan)
    left = locked(incident_id, actor)
    if not left.is_active:
        refuse(left)
    chosen = _members(left, plan.alerts, set(alert_ids))
    made = _open(left, chosen, title, severity, policy_id, pages, now, actor, why.strip())
    carry(left, made, chosen)
    recount(made, now)
    _tell(left, made, len(chosen), now, actor, why.strip())
    settle_left(left, now, actor, made.ref, stays_open=plan.stays_open)
    Move.objects.create(
        kind=MoveKind.SPLIT, left=left, joined=made, at=now, actor_label=actor.label[:200], why=why.strip(),
        alerts=sorted(chosen), data={"groups": sorted(plan.groups)},
    )  # fmt: skip
    publish(events.IncidentSplit(left.pk, made.pk, frozenset(chosen), frozenset(plan.groups), now))
    made.refresh_from_db()
    return made


def _check(
    actor: Actor, title: str, severity: str, policy_id: int | None, alert_ids: Collection[int],
    group_ids: Collection[int],
) -> None:  # fmt: skip
    if not title.strip():
        raise Invalid(_("Say what is wrong."), fields={"title": [_("Say what is wrong.")]})
    check_severity(severity)
    if policy_id and not oncall.policies(actor).filter(pk=policy_id).exists():
        text = _("There is no such escalation policy.")
        raise Invalid(text, fields={"policy": [text]})
    if not alert_ids and not group_ids:
        text = _("Choose at least one alert or group.")
        raise Invalid(text, fields={"alerts": [text]})


def _members(left: Incident, wanted: set[int], named: set[int]) -> set[int]:
    """Which of the wanted alerts are in the incident: all that were named must be, and something must be left."""
    theirs = set(IncidentAlert.objects.filter(incident=left).values_list("alert_id", flat=True))
    if not named <= theirs:
        text = _("Not all of these alerts are in %(ref)s any more. Look at them again.") % {"ref": left.ref}
        raise Invalid(text, fields={"alerts": [text]})
    chosen = wanted & theirs
    if not chosen:
        text = _("Choose at least one alert or group.")
        raise Invalid(text, fields={"alerts": [text]})
    if chosen == theirs:
        text = _("These are all of its alerts: leave at least one, or there is nothing to split.")
        raise Invalid(text, fields={"alerts": [text]})
    return chosen


def _open(
    left: Incident, chosen: set[int], title: str, severity: str, policy_id: int | None, pages: bool, now: datetime,
    actor: Actor, why: str,
) -> Incident:  # fmt: skip
    # Symptoms are alerts of other services than the incident's: what is split off is about its own.
    services = set(
        IncidentAlert.objects.filter(incident=left, alert_id__in=chosen).values_list("alert__service_id", flat=True)
    )
    service_id = services.pop() if len(services) == 1 else left.service_id
    origin = {"kind": "person", "id": actor.id, "name": actor.label, "split_from": left.number}
    reason = joined(why, _("split off from %(ref)s by %(who)s") % {"ref": left.ref, "who": actor.label})
    opening = Opening(
        title.strip(), severity, service_id or left.service_id, policy_id, origin, (), reason, "", pages, left.shadow
    )
    made = open_incidents(actor=actor, now=now, openings=[opening])[0]
    made.split_from = left
    save(made, now, "split_from")
    if not pages:
        silent = _("it was split off without paging anybody")
        entry(made, now, actor, EntryKind.ESCALATION, _("Nobody is paged"), silent)
        _as_before(left, made, now)
    return made


def _as_before(left: Incident, made: Incident, now: datetime) -> None:
    made.assignee_id = left.assignee_id
    if left.status == IncidentStatus.ACKNOWLEDGED:
        made.status, made.acknowledged_at = left.status, left.acknowledged_at
    save(made, now, "assignee", "status", "acknowledged_at")


def _tell(left: Incident, made: Incident, number: int, now: datetime, actor: Actor, why: str) -> None:
    words = {"n": number, "ref": made.ref}
    text = (
        ngettext("%(n)s alert was split off into %(ref)s", "%(n)s alerts were split off into %(ref)s", number) % words
    )
    entry(left, now, actor, EntryKind.SPLIT, text, why, {"incident": made.number})
    words = {"n": number, "ref": left.ref}
    here = (
        ngettext("%(n)s alert was split off from %(ref)s", "%(n)s alerts were split off from %(ref)s", number) % words
    )
    entry(made, now, actor, EntryKind.SPLIT, here, why, {"incident": left.number})
    record(actor, now, "incident.split", left, {}, {"into": made.ref, "alerts": number, "why": why})
    record(actor, now, "incident.split", made, {}, {"from": left.ref, "alerts": number, "why": why})


@transaction.atomic
def undo_split(*, actor: Actor, now: datetime, incident_id: int, why: str = "") -> Incident:
    """Move everything of an incident that was split off back to where it came from; returns that."""
    actor.require("incidents.edit")
    found = Incident.objects.visible_to(actor).filter(pk=incident_id).first()
    if found is None or found.split_from_id is None or found.merged_into_id is not None:
        raise CannotMove(_("It was not split off from another incident, or that is undone already."))
    into = merge(actor=actor, now=now, incident_id=incident_id, into_id=found.split_from_id, why=why)
    moves = Move.objects.filter(joined_id=incident_id, kind=MoveKind.SPLIT, undone_at=None)
    moves.update(undone_at=now)
    return into
