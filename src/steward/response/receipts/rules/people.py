"""Why a person was, or was not, paged about an incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from steward.response.receipts.rules.facts import Entry, Escalated, Facts, Incident, Paged
from steward.response.receipts.rules.verdicts import Verdict, of_page, verdict


@dataclass(frozen=True, slots=True)
class Person:
    """Whom it is about."""

    id: int
    name: str
    is_active: bool
    team_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Duty:
    """A schedule at the moment at which it was asked: who was on call and why, and how it stands to the person:
    ``member`` of the rotation, next on call at ``next_at``."""

    schedule_id: int
    schedule: str
    on_call_id: int | None
    on_call: str
    because: str
    member: bool
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Absence:
    """One incident as it concerns one person. ``facts`` are the incident's."""

    incident: Incident
    facts: Facts
    duties: tuple[Duty, ...]


def why_not(person: Person, absence: Absence) -> Verdict:
    """The answer for one incident. ``values["mine"]`` says whether the reader asks about themselves."""
    facts, incident = absence.facts, absence.incident
    mine = person.id == facts.reader_id
    acknowledged = next((each for each in facts.entries if each.kind == "acknowledged"), None)
    own = [each for each in facts.paged if each.user_id == person.id]
    if own:
        best = min(own, key=lambda each: (each.state != "sent", each.at))
        return of_page(best, acknowledged, facts.reader_id, reader=mine)
    if not facts.escalated:
        return verdict(facts)
    base = {"person": person.name, "mine": mine, "ref": incident.ref}
    last = facts.escalated[-1]
    for each in facts.escalated:
        found = _named(person, absence, each, acknowledged)
        if found is not None:
            return Verdict(found.code, found.tone, {**base, **found.values}, rule=each.policy)
    for duty in absence.duties:
        if duty.member:
            return _off_duty(base, duty, facts.paged, last)
    values: dict[str, Any] = {**base, "policy": last.policy.name, "version": last.policy.version, "asked": last.steps}
    return Verdict("not-named", "unknown", values, _paged_instead(facts.paged), rule=last.policy)


def _off_duty(base: dict[str, Any], duty: Duty, paged: Sequence[Paged], last: Escalated) -> Verdict:
    """The person takes turns in a schedule that was asked, and it was somebody else's turn."""
    values = {**base, "schedule": duty.schedule, "on_call": duty.on_call, "because": duty.because, "next": duty.next_at}
    code = "off-duty" if duty.on_call_id is not None else "nobody-on-duty"
    return Verdict(code, "unknown", values, _paged_instead(paged), rule=last.policy)


def _paged_instead(paged: Sequence[Paged]) -> tuple[tuple[str, dict[str, Any]], ...]:
    names = {each.user_id: each.user for each in paged if each.state == "sent"}
    return (("others", {"number": len(names), "names": tuple(names.values())}),) if names else ()


def _named(person: Person, absence: Absence, each: Escalated, acknowledged: Entry | None) -> Verdict | None:
    """A step of the policy means this person, and yet there is no page."""
    duties = {duty.schedule_id: duty for duty in absence.duties}
    for number, step in enumerate(each.plan, start=1):
        means = (
            (step.kind == "notify_user" and step.target_id == person.id)
            or (step.kind == "notify_team" and step.target_id in person.team_ids)
            or (step.kind == "notify_schedule" and _on_duty(duties.get(step.target_id or 0), person))
        )
        if not means:
            continue
        values: dict[str, Any] = {"step": number, "steps": len(each.plan), "policy": each.policy.name}
        if number > each.reached:
            return _before(values, each, acknowledged)
        if not person.is_active:
            return Verdict("not-active", "down", values)
        return Verdict("step-missed", "degraded", values)
    return None


def _before(values: dict[str, Any], each: Escalated, acknowledged: Entry | None) -> Verdict:
    """The policy ended, or has not come so far."""
    if each.state == "running":
        return Verdict("not-yet", "info", {**values, "next": each.next_at})
    if acknowledged is not None:
        return Verdict("acknowledged-before", "ok", {**values, "who": acknowledged.who, "at": acknowledged.at})
    return Verdict("stopped-before", "unknown", {**values, "at": each.ended_at, "why": each.end_reason})


def _on_duty(duty: Duty | None, person: Person) -> bool:
    return duty is not None and duty.on_call_id == person.id
