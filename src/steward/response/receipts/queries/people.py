"""Why a person was, or was not, paged about an incident, or in a stretch of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from steward.foundation.actors import Actor
from steward.people.accounts import queries as accounts
from steward.response.incidents import queries as incidents
from steward.response.notifications import queries as notifications
from steward.response.oncall import queries as oncall
from steward.response.receipts import reading, rules
from steward.signals.alerts import queries as alerts

if TYPE_CHECKING:
    from steward.people.accounts.models import User
    from steward.response.incidents.models import Incident

_Row = TypeVar("_Row", rules.Entry, rules.Paged, rules.Escalated)
# So many incidents are answered for at once; a longer stretch says that there are more.
MOST_INCIDENTS, MOST_HELD = 25, 10
WANTED = ("acknowledged", "escalation", "unreached")


@dataclass(frozen=True, slots=True)
class Answer:
    """One incident as it concerns the person."""

    incident: rules.Incident
    severity: str
    verdict: rules.Verdict
    page_id: int | None


@dataclass(frozen=True, slots=True)
class HeldAlert:
    """An alert of that time that something holds, so that there is no incident of its own to ask about."""

    id: int
    name: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Answers:
    person: User
    found: tuple[Answer, ...]
    more: bool

    @property
    def paged(self) -> int:
        return sum(1 for each in self.found if each.verdict.paged)


def about_person(
    actor: Actor, person_id: int, now: datetime, *, ref: str = "", start: datetime | None = None,
    end: datetime | None = None, found: User | None = None,
) -> Answers:  # fmt: skip
    """For an incident (``ref``), or for all that were opened from ``start`` until ``end``: was this person paged, and if
    not, why not. Only for our own people, who may see who is on call."""
    actor.require("incidents.view")
    actor.require("oncall.view")
    person = accounts.visible_person(actor, person_id) if found is None else found
    chosen = _incidents(actor, ref, start, end)
    more = len(chosen) > MOST_INCIDENTS
    chosen = chosen[:MOST_INCIDENTS]
    return Answers(person, _answers(actor, person, chosen, now), more)


def _incidents(actor: Actor, ref: str, start: datetime | None, end: datetime | None) -> list[Incident]:
    if ref:
        return [incidents.by_ref(actor, ref)]
    found = incidents.incidents(actor).order_by("-opened_at", "-id")
    if start is not None:
        found = found.filter(opened_at__gte=start)
    if end is not None:
        found = found.filter(opened_at__lt=end)
    return list(found[: MOST_INCIDENTS + 1])


def _answers(actor: Actor, user: User, chosen: Sequence[Incident], now: datetime) -> tuple[Answer, ...]:
    if not chosen:
        return ()
    ids = [each.pk for each in chosen]
    person = rules.Person(user.pk, str(user), user.is_active, frozenset(_teams(user)))
    entries = _by_incident(reading.entry_of(row) for row in incidents.milestones(actor, ids, WANTED))
    paged = _by_incident(reading.paged_of(row) for row in notifications.pages_about(actor, "incident", ids))
    escalated = _by_incident(reading.escalated_of(each) for each in oncall.escalations_of("incident", ids))
    asked = [each for found in escalated.values() for each in found]
    rosters = _rosters(asked)
    answers = []
    for incident in chosen:
        known = reading.incident_of(incident)
        facts = rules.Facts(
            "incident", incident.pk, incident.ref, now, incidents=(known,), entries=tuple(entries.get(incident.pk, ())),
            escalated=tuple(escalated.get(incident.pk, ())), paged=tuple(paged.get(incident.pk, ())),
            reader_id=actor.user_id,
        )  # fmt: skip
        duties = _duties(facts.escalated, rosters, person)
        own = next((each.id for each in facts.paged if each.user_id == person.id), None)
        found = rules.why_not(person, rules.Absence(known, facts, duties))
        answers.append(Answer(known, incident.severity, found, own))
    return tuple(answers)


def _by_incident(rows: Iterable[_Row]) -> dict[int, list[_Row]]:
    found: dict[int, list[_Row]] = {}
    for row in rows:
        found.setdefault(row.incident_id or 0, []).append(row)
    return found


def _rosters(escalated: Sequence[rules.Escalated]) -> Mapping[int, oncall.Roster]:
    """The schedules that the policies asked, around the times at which they did."""
    wanted = {step.target_id for each in escalated for step in each.plan if step.kind == "notify_schedule"}
    if not wanted:
        return {}
    times = sorted(each.at for each in escalated)
    return oncall.rosters_around([key for key in wanted if key], times[0], times[-1] - times[0] + timedelta(days=120))


def _duties(
    escalated: Sequence[rules.Escalated], rosters: Mapping[int, oncall.Roster], person: rules.Person
) -> tuple[rules.Duty, ...]:
    """The schedules that were asked about this incident, as they were when its first escalation began."""
    if not escalated:
        return ()
    at = escalated[0].at
    found = []
    for key in dict.fromkeys(
        step.target_id for each in escalated for step in each.plan if step.kind == "notify_schedule"
    ):
        roster = rosters.get(key or 0)
        if roster is None:
            continue
        shifts = roster.at(at)
        # Of several who were on call together the page names all; what it says of one is about the person asked for.
        own = next((each for each in shifts if each.user.pk == person.id), shifts[0] if shifts else None)
        found.append(
            rules.Duty(
                schedule_id=roster.schedule.pk, schedule=roster.schedule.name,
                on_call_id=own.user.pk if own else None, on_call=", ".join(str(each.user) for each in shifts),
                because=own.reason if own else "", member=any(each.pk == person.id for each in roster.members),
                next_at=_next(roster, at, person.id),
            )
        )  # fmt: skip
    return tuple(found)


def _next(roster: oncall.Roster, at: datetime, person_id: int) -> datetime | None:
    following = roster.between(at, at + timedelta(days=90))
    return next((each.start for each in following if each.user.pk == person_id and each.start > at), None)


def _teams(user: User) -> list[int]:
    """The keys of the person's teams; a list of people may have brought them."""
    known: list[int] | None = getattr(user, "team_keys", None)
    return known if known is not None else list(user.memberships.values_list("team_id", flat=True))


def held_between(actor: Actor, start: datetime, end: datetime) -> tuple[HeldAlert, ...]:
    """Alerts that changed then and are held still: of these there is no incident to ask about.
    Why is written by our people for our people."""
    if actor.is_external:
        return ()
    rows = alerts.held(actor).filter(changed_at__gte=start, changed_at__lt=end).order_by("-changed_at", "-id")
    return tuple(
        HeldAlert(each.pk, each.name, str(each.standing["kind"]), alerts.why_held(each))
        for each in rows[:MOST_HELD]
        if each.standing
    )
