"""From facts to steps in the order in which things happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from steward.response.receipts.rules.facts import (
    Change,
    Decided,
    Enriched,
    Entry,
    Escalated,
    Facts,
    Paged,
    Payload,
    Rule,
    Standing,
    Told,
)

# What holds an alert, in the order in which the pipeline asks.
HOLDING = ("flapping", "maintenance", "silence", "inhibition")
HELD = (*HOLDING, "muted")
WITH_INCIDENT = ("opened", "reopened", "joined", "symptom", "storm")
_TONES = {
    "opened": "down", "reopened": "down", "joined": "info", "symptom": "info", "storm": "down", "recorded": "unknown",
    "unrouted": "degraded", "overtaken": "unknown", "resolved": "ok", "waiting": "info",
}  # fmt: skip
# Entries of the timeline that other steps tell better.
_TOLD_ELSEWHERE = {"page"}
_ENTRY_TONES = {
    "opened": "down", "alert": "unknown", "escalation": "unknown", "acknowledged": "info", "resolved": "ok",
    "closed": "unknown", "reopened": "down", "severity": "degraded", "assigned": "unknown", "note": "note",
    "unreached": "down", "verdict": "note",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One step: at which stage of the way, what happened (a code with its values), and why.

    ``took`` is the time since the step before it; ``facts`` are what the page folds away, ``rule`` is who decided.
    """

    at: datetime
    stage: str
    code: str
    tone: str
    values: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    facts: tuple[tuple[str, Any], ...] = ()
    rule: Rule | None = None
    payload: Payload | None = None
    took: timedelta | None = None
    alert_id: int | None = None
    incident_id: int | None = None
    page_id: int | None = None


def steps(facts: Facts) -> tuple[Step, ...]:
    """The whole way, oldest first. At one moment the order is that of the stages."""
    found = [*_received(facts)]
    decided_ids: set[int] = set()
    for each in facts.decided:
        found += _decided(each, facts, first=each.change_id not in decided_ids)
        decided_ids.add(each.change_id)
    if facts.standing is not None and not _is_told(facts.standing, facts.decided):
        found.append(_standing(facts.standing))
    found += [_told(each) for each in facts.told if each.kind in {"changed", "repeat"}]
    found += [
        _entry(each) for each in facts.entries if each.kind not in _TOLD_ELSEWHERE or (each.failed and not facts.paged)
    ]
    if not facts.outside:
        found += [_escalated(each) for each in facts.escalated]
        for paged in facts.paged:
            found += _paged(paged)
    order = {id(each): place for place, each in enumerate(found)}
    return _timed(sorted(found, key=lambda each: (each.at, _STAGES.get(each.stage, 50), order[id(each)])))


_STAGES = {
    name: place
    for place, name in enumerate(
        (
            "received", "enrichment", "deduplicated", "enriched", "passed", *HOLDING, "muted", "route", "group", "waited",
            "topology", "outcome", "incident", "told", "escalation", "page", "delivery", "acknowledged", "resolved", "later",
        )
    )
}  # fmt: skip


def _timed(found: Sequence[Step]) -> tuple[Step, ...]:
    timed = []
    for number, each in enumerate(found):
        timed.append(replace(each, took=each.at - found[number - 1].at) if number else each)
    return tuple(timed)


def _received(facts: Facts) -> Iterator[Step]:
    """Each report that changed the alert; with the first, who the alert is and what it belongs to."""
    alert = facts.alert
    if alert is None:
        return
    for number, change in enumerate(facts.changes):
        values = {"source": alert.source, "parser": alert.parser, "name": alert.name}
        tone = "ok" if change.status == "resolved" else "down"
        code = _received_code(change)
        yield Step(
            change.at, "received", code, tone, values, change.why, payload=None if facts.outside else change.payload,
            alert_id=alert.id,
        )  # fmt: skip
        if not facts.outside:
            yield from (_enrichment(change, each) for each in change.enriched)
        if number:
            continue
        known: list[tuple[str, Any]] = [
            ("fingerprint", alert.fingerprint), ("first_seen", alert.first_seen_at), ("fired", alert.fire_count),
            ("last_seen", alert.last_seen_at), ("labels", dict(alert.labels)),
        ]  # fmt: skip
        earlier = alert.first_seen_at < change.at and change.code != "new"
        yield Step(
            change.at, "deduplicated", "known" if earlier else "unknown-before", "unknown",
            {"fired": alert.fire_count, "first": alert.first_seen_at}, facts=tuple(known), alert_id=alert.id,
        )  # fmt: skip
        if alert.service or alert.item:
            code = "service-and-item" if alert.service and alert.item else "service" if alert.service else "item"
            values = {"service": alert.service, "item": alert.item}
            yield Step(change.at, "enriched", code, "unknown", values, alert.belongs_why)
        else:
            yield Step(change.at, "enriched", "nothing", "unknown", {}, alert.belongs_why)


def _enrichment(change: Change, each: Enriched) -> Step:
    facts = (("left", ", ".join(each.kept)),) if each.kept and each.values else ()
    values = {
        "rule": each.rule.name, "left": each.kept,
        "added": tuple(f"{name}={value}" for name, value in each.values.items()),
    }  # fmt: skip
    return Step(
        change.at, "enrichment", "added" if each.values else "left", "unknown", values, facts=facts, rule=each.rule
    )  # fmt: skip


def _received_code(change: Change) -> str:
    if change.status == "resolved":
        return "expired" if change.code == "expired" else "resolved"
    return {"new": "new", "fired_again": "again", "changed": "changed"}.get(change.code, "firing")


def _decided(each: Decided, facts: Facts, *, first: bool) -> Iterator[Step]:
    """The stages that the alert came through, the one that held it, or where its route led."""
    named = {"alert": each.alert, "incident": each.incident, "outcome": each.outcome}
    if each.round and first_of_round(each, facts.decided):
        yield Step(each.at, "passed", "judged-anew", "info", {**named, "round": each.round + 1})
    if each.outcome in HELD:
        passed = HOLDING[: HOLDING.index(each.outcome)] if each.outcome in HOLDING else HOLDING
        if passed and each.checked:
            yield _let_through(each, passed)
        yield Step(
            each.at, each.outcome, "held", "maintenance", {**named, "until": each.until}, each.why, rule=each.rule,
            alert_id=each.alert_id,
        )  # fmt: skip
        return
    if each.checked and each.outcome not in {"resolved", "overtaken", "unrouted"} and first:
        yield _let_through(each, HOLDING)
    yield from _routed(each, named)


def first_of_round(each: Decided, decided: Sequence[Decided]) -> bool:
    """Whether no other decision stands before this one of the same round of judging."""
    same = [other for other in decided if (other.change_id, other.round) == (each.change_id, each.round)]
    return bool(same) and same[0] is each


def _let_through(each: Decided, stages: Sequence[str]) -> Step:
    asked = each.checked
    numbers = {
        "flapping": asked.get("flapping", 0), "maintenance": asked.get("suppression", 0),
        "silence": asked.get("suppression", 0), "inhibition": asked.get("inhibitions", 0),
    }  # fmt: skip
    facts = tuple((stage, numbers[stage]) for stage in stages)
    return Step(each.at, "passed", "passed", "ok", {"alert": each.alert, "stages": tuple(stages)}, facts=facts)


def _routed(each: Decided, named: Mapping[str, Any]) -> Iterator[Step]:
    if each.outcome in {"opened", "reopened", "waiting", "joined", "symptom", "storm"} and each.group is not None:
        facts: list[tuple[str, Any]] = [("group", dict(each.group))]
        if each.timers is not None:
            facts += [
                ("group_wait", each.timers.group_wait), ("group_interval", each.timers.group_interval),
                ("repeat_interval", each.timers.repeat_interval), ("reopen", each.timers.reopen_minutes),
            ]  # fmt: skip
        yield Step(each.at, "group", "grouped", "unknown", named, facts=tuple(facts), rule=each.rule)
    if each.waited:
        wait = each.timers.group_wait if each.timers else None
        yield Step(each.at, "waited", "waited", "unknown", {**named, "wait": wait})
    facts = [("path", each.path)] if each.path else []
    yield Step(
        each.at, "outcome", each.outcome, _TONES.get(each.outcome, "unknown"), {**named, "until": each.until}, each.why,
        tuple(facts), each.rule, alert_id=each.alert_id, incident_id=each.incident_id,
    )  # fmt: skip


def _is_told(standing: Standing, decided: Sequence[Decided]) -> bool:
    """Whether a decision says already what holds the alert."""
    held = [each for each in decided if each.outcome in HELD]
    if not held or decided[-1].outcome not in HELD:
        return False
    return held[-1].outcome == standing.kind


def _standing(standing: Standing) -> Step:
    values = {"until": standing.until, "outcome": standing.kind}
    stage = standing.kind if standing.kind in HELD else "later"
    return Step(standing.since, stage, "held-since", "maintenance", values, standing.why, rule=standing.rule)


def _told(each: Told) -> Step:
    tone = "info" if each.told else "unknown"
    values = {"kind": each.kind, "firing": each.firing}
    return Step(
        each.at, "told", f"{each.kind}-{'told' if each.told else 'quiet'}", tone, values, each.text,
        incident_id=each.incident_id,
    )  # fmt: skip


def _entry(each: Entry) -> Step:
    stage = {"acknowledged": "acknowledged", "resolved": "resolved", "escalation": "escalation"}.get(
        each.kind, "incident"
    )
    tone = "down" if each.failed else _ENTRY_TONES.get(each.kind, "unknown")
    values = {"text": each.text, "who": each.who if each.by_person else "", "kind": each.kind}
    return Step(each.at, stage, "entry", tone, values, each.why, incident_id=each.incident_id)


def _escalated(each: Escalated) -> Step:
    values = {"policy": each.policy.name, "version": each.policy.version, "rounds": each.rounds, "state": each.state}
    facts: list[tuple[str, Any]] = [("policy_steps", each.steps)]
    if each.state == "running" and each.next_at is not None:
        facts.append(("next", each.next_at))
    if each.end_reason:
        facts.append(("end_reason", each.end_reason))
    return Step(
        each.at, "escalation", "escalation", "info", values, facts=tuple(facts), rule=each.policy,
        incident_id=each.incident_id,
    )  # fmt: skip


def _paged(each: Paged) -> Iterator[Step]:
    """Who was chosen and why, and what each provider answered."""
    person = {"person": each.user, "user": each.user_id}
    tone = {"sent": "ok", "failed": "down", "cancelled": "unknown"}.get(each.state, "info")
    facts = [("page_step", each.step)] if each.step else []
    yield Step(
        each.at, "page", "chosen" if not each.problem else "unreachable", tone if each.problem else "info", person,
        each.problem or each.why, tuple(facts), each.policy, page_id=each.id, incident_id=each.incident_id,
    )  # fmt: skip
    for delivery in each.deliveries:
        to = {**person, "channel": delivery.channel, "target": delivery.target}
        for tried in delivery.tries:
            code = tried.outcome or "under-way"
            tone = {"sent": "ok", "failed": "down", "retrying": "degraded"}.get(code, "unknown")
            yield Step(
                tried.ended_at or tried.started_at, "delivery", code, tone, {**to, "number": tried.number}, tried.answer,
                (("started", tried.started_at), ("target", delivery.target)), page_id=each.id,
            )  # fmt: skip
        if delivery.told_in is not None and each.sent_at is not None and not delivery.tries:
            yield Step(each.sent_at, "delivery", "told-in", "ok", {**to, "page": delivery.told_in}, page_id=each.id)
        if delivery.state in {"planned", "waiting", "bundled"}:
            yield Step(
                each.at, "delivery", "waiting", "info", to, facts=(("target", delivery.target),), page_id=each.id
            )
    if each.state == "cancelled":
        yield Step(
            each.cancelled_at or each.at, "delivery", "cancelled", "unknown", person, each.cancelled, page_id=each.id
        )
