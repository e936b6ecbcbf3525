"""Facts of a way, read from the rooms below through what they let others read. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import OuterRef, QuerySet
from django.utils.dateparse import parse_datetime

from steward.estate.configuration import queries as estate
from steward.foundation import sentences
from steward.foundation.actors import Actor
from steward.response.incidents import queries as incidents
from steward.response.notifications import queries as notifications
from steward.response.oncall import queries as oncall
from steward.response.receipts import rules
from steward.response.receipts.wording.policies import step_words
from steward.response.timemachine import queries as timemachine
from steward.response.triage import queries as triage
from steward.signals.alerts import queries as alerts

if TYPE_CHECKING:
    from steward.response.incidents.models import Incident, TimelineEntry
    from steward.response.triage.models import Decision, Notice
    from steward.signals.alerts.models import Alert, AlertChange, Payload

# More than this of one thing is told by its first ones: a storm's receipt must stay readable.
MOST = 400
# The beginning of a request; the whole has a page.
MOST_TEXT = 4_000
_HELD = {"flapping", "maintenance", "silence", "inhibition", "muted"}


def alert_of(alert: Alert) -> rules.Alert:
    """The alert, and what it belongs to with the reason."""
    belongs = estate.match([alert.labels])[0]
    # What it was matched to when it came is stored; the reason is known while the estate still says the same.
    same = (belongs.service_id, belongs.item_id) == (alert.service_id, alert.item_id)
    return rules.Alert(
        id=alert.pk, name=alert.name, status=alert.status, source=alert.source.name, source_id=alert.source_id,
        parser=str(alert.source.label), fingerprint=bytes(alert.fingerprint).hex(), labels=alert.labels,
        first_seen_at=alert.first_seen_at, last_seen_at=alert.last_seen_at, fire_count=alert.fire_count,
        service=alert.service.name if alert.service else "", item=alert.item.name if alert.item else "",
        belongs_why=belongs.why if same else "",
    )  # fmt: skip


def changes_of(actor: Actor, changes: Sequence[AlertChange]) -> tuple[rules.Change, ...]:
    """Transitions, the first and the last with the requests that brought them."""
    requests = alerts.payloads_of(actor, {change.pk: change for change in (*changes[:1], *changes[-1:])}.values())
    return tuple(_change_of(change, requests.get(change.pk)) for change in changes)


def _change_of(change: AlertChange, request: Payload | None) -> rules.Change:
    payload = None
    if request is not None:
        text = alerts.payload_text(request, MOST_TEXT)
        payload = rules.Payload(change.pk, request.at, request.endpoint, request.size, text)
    code = str(change.reason.get("code", ""))
    why, enriched = alerts.why_changed(change), tuple(_enriched(change.reason.get("enriched") or {}))
    return rules.Change(change.pk, change.at, change.status, code, why, payload, enriched)


def _enriched(noted: Mapping[str, Any]) -> Iterator[rules.Enriched]:
    for each in noted.get("rules", ()):
        rule = rules.Rule("enrichment", each["id"], each["name"], noted["version"])
        yield rules.Enriched(rule, each["target"], each["values"], tuple(each["kept"]))


def episodes(changes: Sequence[AlertChange]) -> list[list[AlertChange]]:
    """The firings of an alert, oldest first: each from its first report to its end. ``changes`` are oldest first."""
    found: list[list[AlertChange]] = []
    for change in changes:
        begins = change.status == "firing" and (not found or found[-1][-1].status != "firing")
        if begins or not found:
            found.append([change])
        else:
            found[-1].append(change)
    return found


def versioned(rows: QuerySet[Decision]) -> list[Decision]:
    """Stored decisions, each with the version of the configuration that was live then."""
    return list(rows.annotate(configuration=timemachine.live_at(OuterRef("at")))[:MOST])


def decided_of(decision: Decision, alert: str = "") -> rules.Decided:
    """A stored decision; its rule is the one that held the alert, or the route."""
    data = decision.data
    held: Mapping[str, Any] = data.get("held") or {}
    route = decision.route
    as_it_was = route if route is not None and route.version == decision.route_version else None
    timers = None
    if as_it_was is not None:
        timers = rules.Timers(
            as_it_was.group_wait, as_it_was.group_interval, as_it_was.repeat_interval, as_it_was.reopen_minutes
        )
    return rules.Decided(
        at=decision.at, change_id=decision.change_id, alert_id=decision.alert_id, alert=alert, round=decision.round,
        outcome=decision.outcome, why=decision.told, rule=_rule_of(decision, held),
        incident_id=decision.incident_id, incident=decision.incident.ref if decision.incident else "",
        checked={name: number for name, number in (data.get("checked") or {}).items() if isinstance(number, int)},
        group=data.get("group"), held=held, path=tuple(data.get("path") or ()),
        until=_moment(held.get("until") or data.get("until")), waited=bool(data.get("waited")), timers=timers,
        without_policy=as_it_was is not None and as_it_was.policy_id is None,
    )  # fmt: skip


def _rule_of(decision: Decision, held: Mapping[str, Any]) -> rules.Rule | None:
    kind, live = decision.outcome, int(getattr(decision, "configuration", None) or 0)
    if kind in _HELD - {"muted"}:
        number = 0 if kind in {"silence", "maintenance"} else live
        version = held.get("version") if kind != "flapping" else None
        return rules.Rule(kind, int(held.get("id") or 0), str(held.get("label") or ""), version, number)
    if decision.route is None:
        return None
    return rules.Rule("route", decision.route.pk, decision.route.name, decision.route_version, live)


def _moment(text: Any) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) else None


def standing_of(alert: Alert, decided: Sequence[rules.Decided]) -> rules.Standing | None:
    """What holds the alert just now; by which version, the decision knows."""
    held = alert.standing
    since = _moment(held.get("since")) if held else None
    if not held or since is None:
        return None
    kind = str(held.get("kind", ""))
    rule = next((each.rule for each in reversed(decided) if each.outcome == kind), None)
    if rule is None:
        number = int(held.get("id") or 0)
        rule = rules.Rule("route" if kind == "muted" else kind, number, str(held.get("label") or ""))
    why = sentences.read(held.get(sentences.SAID), "text", str(held.get("text", "")))
    return rules.Standing(kind, why, since, _moment(held.get("until")), rule)


def told_of(notice: Notice) -> rules.Told:
    text = notice.text
    return rules.Told(
        notice.at, notice.kind, notice.firing, bool(notice.data.get("told", True)), text, notice.incident_id
    )


def incident_of(incident: Incident) -> rules.Incident:
    return rules.Incident(
        id=incident.pk, ref=incident.ref, number=incident.number, title=incident.title, status=incident.status,
        opened_at=incident.opened_at, acknowledged_at=incident.acknowledged_at, resolved_at=incident.resolved_at,
        quiet_since=incident.quiet_since, has_policy=incident.policy_id is not None, unreached=incident.unreached,
        shadow=incident.shadow,
    )  # fmt: skip


def entry_of(entry: TimelineEntry) -> rules.Entry:
    return rules.Entry(
        id=entry.pk, at=entry.at, incident_id=entry.incident_id, kind=entry.kind, who=entry.actor_label,
        text=entry.told, why=entry.told_why, failed=bool(entry.data.get("failed")) and entry.kind != "page",
        by_person=entry.data.get("by") in {"user", "link", "apikey"},
    )  # fmt: skip


def escalated_of(record: oncall.EscalationRecord) -> rules.Escalated:
    plan = record.plan
    return rules.Escalated(
        id=record.id, incident_id=record.subject_id, at=record.started_at,
        policy=rules.Rule("policy", plan.policy_id or 0, plan.policy, plan.version, slug=record.policy_slug),
        steps=tuple(_words(step) for step in plan.steps),
        rounds=plan.repeat + 1, state=record.state, next_at=record.next_at, ended_at=record.ended_at,
        end_reason=record.end_reason, plan=tuple(rules.PlanStep(step.kind, step.target_id) for step in plan.steps),
        reached=record.reached,
    )  # fmt: skip


def _words(step: Any) -> str:
    return step_words(step.kind, step.label, step.wait_minutes) or str(oncall.step_words(step))


def paged_of(whole: notifications.WholePage) -> rules.Paged:
    """A page with its deliveries; targets are fit to be shown."""
    page = whole.page
    reason = notifications.explain(page)
    policy = None
    if reason.get("policy"):
        number, version = int(reason.get("policy_id") or 0), reason.get("policy_version")
        policy = rules.Rule("policy", number, str(reason["policy"]), version)
    deliveries = tuple(
        rules.Sent(
            each.channel, each.target, each.state, each.due_at,
            tuple(rules.Try(t.number, t.started_at, t.ended_at, t.outcome, t.answer) for t in each.tries),
            each.told_in,
        )
        for each in whole.deliveries
    )  # fmt: skip
    return rules.Paged(
        id=page.pk, at=page.created_at, incident_id=page.subject_id if page.subject_kind == "incident" else None,
        user_id=page.user_id, user=str(page.user), why=str(reason.get("why", "")), step=str(reason.get("step", "")),
        state=page.state, sent_at=page.sent_at, problem=str(reason.get("problem", "")),
        cancelled=str(reason.get("cancelled", "")), cancelled_at=_moment(reason.get("cancelled_at")), policy=policy,
        deliveries=deliveries,
    )  # fmt: skip


@dataclass(slots=True)
class Way:
    """What is known of incidents, whoever asks."""

    incidents: list[rules.Incident] = field(default_factory=list)
    entries: list[rules.Entry] = field(default_factory=list)
    escalated: list[rules.Escalated] = field(default_factory=list)
    paged: list[rules.Paged] = field(default_factory=list)
    told: list[rules.Told] = field(default_factory=list)


def way_of(actor: Actor, found: Sequence[Incident], *, alert_id: int | None = None, pages: bool = True) -> Way:
    """Timelines, escalations, pages and notices of these incidents. With an alert, without what others of the incident
    did; other organisations get no paging."""
    way = Way([incident_of(each) for each in found])
    ids = [each.pk for each in found]
    if actor.is_external or not ids:
        for incident in found:
            rows = incidents.timeline(actor, incident).exclude(kind="note")[:MOST]
            way.entries += [entry_of(row) for row in rows if _concerns(row, alert_id)]
        return way
    rows = incidents.milestones(actor, ids)[:MOST]
    way.entries = [entry_of(row) for row in rows if _concerns(row, alert_id)]
    way.escalated = [escalated_of(each) for each in oncall.escalations_of("incident", ids)][:MOST]
    if pages:
        way.paged = [paged_of(each) for each in notifications.pages_about(actor, "incident", ids, MOST)]
    if actor.can("routes.view"):
        way.told = [told_of(each) for each in triage.notices_of(ids)[:MOST]]
    return way


def _concerns(entry: TimelineEntry, alert_id: int | None) -> bool:
    if alert_id is None or entry.kind != "alert":
        return True
    return alert_id == entry.data.get("alert") or alert_id in (entry.data.get("alerts") or ())


def incidents_of(actor: Actor, alert_id: int, rows: Iterable[Decision], since: datetime) -> list[Incident]:
    """The incidents that an episode of the alert led to, oldest first: those that its decisions name; for who may not
    see decisions, those that it joined since."""
    named = {row.incident.pk: row.incident for row in rows if row.incident is not None}
    if named and actor.can("incidents.view") and not actor.is_external:
        return [named[key] for key in sorted(named)]
    found = incidents.of_alert(actor, alert_id)[:MOST]
    return sorted((each for each in found if each.joined_at >= since), key=lambda each: each.pk)  # type: ignore[attr-defined]
