"""Receipts: the whole way of an alert, an incident or a page, with the verdict on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.response.incidents import queries as incidents
from steward.response.notifications import queries as notifications
from steward.response.receipts import reading, rules
from steward.response.receipts.errors import EpisodeNotFound
from steward.response.triage import queries as triage
from steward.signals.alerts import queries as alerts

if TYPE_CHECKING:
    from steward.response.incidents.models import Incident
    from steward.signals.alerts.models import Alert, AlertChange

MOST_CHANGES = 400


@dataclass(frozen=True, slots=True)
class Episode:
    """One firing of an alert; ``id`` is its first change."""

    id: int
    begins: datetime
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The way, oldest first, and what came of it."""

    facts: rules.Facts
    steps: tuple[rules.Step, ...]
    verdict: rules.Verdict
    episodes: tuple[Episode, ...] = ()
    episode: int = 0


def of_alert(actor: Actor, alert_id: int, now: datetime, episode: int | None = None) -> Receipt:
    """The receipt of an alert's last firing, or of the one that began with the change ``episode``."""
    alert = alerts.alert_by_id(actor, alert_id)
    changes = list(reversed(alerts.changes_of(alert)[:MOST_CHANGES]))
    known = reading.episodes(changes)
    chosen = _chosen(known, episode)
    facts = _alert_facts(actor, alert, chosen, now, is_last=not known or chosen is known[-1])
    listed = tuple(
        Episode(each[0].pk, each[0].at, each[-1].at if each[-1].status == "resolved" else None) for each in known
    )
    return _receipt(facts, listed, chosen[0].pk if chosen else 0)


def _chosen(known: Sequence[list[AlertChange]], episode: int | None) -> list[AlertChange]:
    if episode is None:
        return known[-1] if known else []
    found = next((each for each in known if any(change.pk == episode for change in each)), None)
    if found is None:
        raise EpisodeNotFound(_("The alert has no such firing, or it is too old to be known."))
    return found


def _alert_facts(
    actor: Actor, alert: Alert, changes: Sequence[AlertChange], now: datetime, *, is_last: bool
) -> rules.Facts:
    rows = triage.decisions_of_changes(actor, [each.pk for each in changes])
    stored = reading.versioned(rows) if changes else []
    decided = [reading.decided_of(row) for row in stored]
    since = changes[0].at if changes else alert.first_seen_at
    found = reading.incidents_of(actor, alert.pk, stored, since)
    way = reading.way_of(actor, found, alert_id=alert.pk)
    standing = reading.standing_of(alert, decided) if is_last and not actor.is_external else None
    return rules.Facts(
        kind="alert", id=alert.pk, label=alert.name, now=now, alert=reading.alert_of(alert),
        changes=reading.changes_of(actor, changes), decided=tuple(decided), standing=standing, told=tuple(way.told),
        incidents=tuple(way.incidents), entries=tuple(way.entries), escalated=tuple(way.escalated),
        paged=tuple(way.paged), reader_id=actor.user_id, outside=actor.is_external,
    )  # fmt: skip


def of_incident(actor: Actor, incident: Incident, now: datetime) -> Receipt:
    """The receipt of an incident, from the alert that opened it."""
    return _receipt(incident_facts(actor, incident, now))


def incident_facts(actor: Actor, incident: Incident, now: datetime) -> rules.Facts:
    decided = _decided_in(actor, incident)
    way = reading.way_of(actor, [incident])
    opening = next((each for each in decided if each.outcome in {"opened", "storm"}), decided[0] if decided else None)
    alert, changes = _opening_alert(actor, opening)
    return rules.Facts(
        kind="incident", id=incident.pk, label=incident.ref, now=now, alert=alert, changes=changes,
        decided=tuple(decided), told=tuple(way.told), incidents=tuple(way.incidents), entries=tuple(way.entries),
        escalated=tuple(way.escalated), paged=tuple(way.paged), reader_id=actor.user_id, outside=actor.is_external,
    )  # fmt: skip


def _decided_in(actor: Actor, incident: Incident) -> list[rules.Decided]:
    rows = reading.versioned(triage.decisions_in(actor, incident.pk))
    return [reading.decided_of(row, row.alert.name) for row in rows]


def _opening_alert(actor: Actor, opening: rules.Decided | None) -> tuple[rules.Alert | None, tuple[rules.Change, ...]]:
    """The alert whose decision opened the incident, and the change that did."""
    if opening is None:
        return None, ()
    change = alerts.change_with_alert(actor, opening.change_id)
    if change is None:
        return None, ()
    return reading.alert_of(change.alert), reading.changes_of(actor, [change])


def of_page(actor: Actor, page_id: int, now: datetime) -> Receipt:
    """The receipt of one page: what led to it, why this person, and what the providers answered."""
    return _receipt(_page_facts(actor, notifications.whole_page(actor, page_id), now))


def _page_facts(actor: Actor, whole: notifications.WholePage, now: datetime) -> rules.Facts:
    page, paged = whole.page, reading.paged_of(whole)
    base = rules.Facts("page", page.pk, page.subject_label, now, paged=(paged,), reader_id=actor.user_id)
    incident = incidents.incidents(actor).filter(pk=page.subject_id).first() if paged.incident_id else None
    if incident is None:
        return base
    before = [each for each in _decided_in(actor, incident) if each.at <= page.created_at]
    opening = next((each for each in reversed(before) if each.outcome in {"opened", "reopened", "storm"}), None)
    alert, changes = _opening_alert(actor, opening)
    way = reading.way_of(actor, [incident], pages=False)
    escalation = page.reason.get("escalation_id")
    return rules.Facts(
        kind="page", id=page.pk, label=page.subject_label, now=now, alert=alert, changes=changes,
        decided=(opening,) if opening else (), incidents=tuple(way.incidents),
        entries=tuple(each for each in way.entries if each.kind in {"opened", "acknowledged", "resolved", "reopened"}),
        escalated=tuple(each for each in way.escalated if each.id == escalation), paged=(paged,),
        reader_id=actor.user_id,
    )  # fmt: skip


def _receipt(facts: rules.Facts, episodes: tuple[Episode, ...] = (), episode: int = 0) -> Receipt:
    return Receipt(facts, rules.steps(facts), rules.verdict(facts), episodes, episode)
