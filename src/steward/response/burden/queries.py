"""What being on call costs, who should take the next turns, and what is to be paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from steward.algorithms import burden as weighing
from steward.foundation.actors import Actor
from steward.people.workforce import queries as workforce
from steward.people.workforce.queries import Absence
from steward.response.burden import rules
from steward.response.burden.models import Guard, HandoffNote, PayRule, ShiftReport
from steward.response.burden.rules import Burden, Earned
from steward.response.notifications import queries as notifications
from steward.response.oncall import queries as oncall
from steward.response.oncall.queries import Roster, ShiftView

if TYPE_CHECKING:
    from steward.people.accounts.models import User
    from steward.response.oncall.models import Schedule

AHEAD = timedelta(days=30)
PROPOSED = timedelta(weeks=8)


@dataclass(frozen=True, slots=True)
class PersonBurden:
    """One person: what was, what is planned, how large a part of everybody's points theirs is, and what is too much."""

    user: User
    behind: Burden
    ahead: Burden
    share: float
    too_much: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a schedule is: people, fairness of what was and will be (Jain's index), gaps and needed cover of the time
    ahead, and a fairer rota."""

    schedule: Schedule
    people: tuple[PersonBurden, ...]
    fairness: float
    gaps: tuple[tuple[datetime, datetime], ...]
    needs: tuple[oncall.Need, ...]
    proposal: ProposedRota


@dataclass(frozen=True, slots=True)
class Change:
    """A turn that somebody else should take."""

    start: datetime
    end: datetime
    now: User
    proposed: User


@dataclass(frozen=True, slots=True)
class ProposedRota:
    """Who should take which turn of the weeks ahead, and how fair sums are before and after."""

    before: float
    after: float
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class PayRow:
    """One shift of a month with what it earns."""

    shift: ShiftView
    burden: Burden
    earned: Earned
    currency: str


class Facts:
    """What is known about the people of some schedules around now, read once: shifts, where they live and when they are
    away, pages, reports."""

    def __init__(self, found: Sequence[Roster], now: datetime, days: int) -> None:
        self.now, self.days = now, days
        start = now - timedelta(days=days)
        self.was = [shift for roster in found for shift in roster.between(start, now)]
        self.will = [shift for roster in found for shift in roster.between(now, now + AHEAD)]
        members = [user for roster in found for user in roster.members]
        self.people = {user.pk: user for user in (*members, *(shift.user for shift in (*self.was, *self.will)))}
        self.homes = _Homes(self.people.values(), start, now + PROPOSED)
        self.pages = _pages(self.was, start, now)
        self.reports = _reports(start, now)

    def lines(self) -> list[PersonBurden]:
        """Everybody, the heaviest burden first."""
        behind = {
            key: _burden([s for s in self.was if s.user.pk == key], self.homes, self.pages, self.reports)
            for key in self.people
        }
        ahead = {key: _burden([s for s in self.will if s.user.pk == key], self.homes, {}, []) for key in self.people}
        whole = sum(each.points for each in behind.values())
        found = [
            PersonBurden(
                user, behind[key], ahead[key], behind[key].points / whole if whole else 0.0,
                tuple(rules.overload(ahead[key], behind[key], AHEAD.days, self.days)),
            )
            for key, user in self.people.items()
        ]  # fmt: skip
        return sorted(found, key=lambda each: (-each.behind.points, -each.ahead.points, str(each.user)))


class _Homes:
    """Where people live: their clocks, holidays and leave, read once."""

    def __init__(self, people: Iterable[User], start: datetime, end: datetime) -> None:
        known = {user.pk: user for user in people}
        self.away = workforce.absences(known.values(), start, end) if known else {}
        self._homes = {key: _home(user, self.away.get(key, ())) for key, user in known.items()}

    def of(self, user: User) -> weighing.Home:
        return self._homes[user.pk]


def burden(actor: Actor, now: datetime, *, days: int, schedule_id: int | None = None) -> list[PersonBurden]:
    """Everybody who was or will be on call (in one schedule, or in all), the heaviest burden first."""
    chosen = oncall.schedules(actor)
    found = chosen if schedule_id is None else chosen.filter(pk=schedule_id)
    return Facts(oncall.rosters(found, now - timedelta(days=days), now + AHEAD), now, days).lines()


def quality(actor: Actor, now: datetime, slug: str, *, days: int = 90) -> Quality:
    """How good one schedule is, and who should take the turns ahead."""
    roster = oncall.roster_by_slug(actor, slug, now, timedelta(days=days) + oncall.AROUND)
    facts = Facts([roster], now, days)
    people = facts.lines()
    asked = oncall.open_swaps([roster.schedule.pk], now)
    points = [each.behind.points + each.ahead.points for each in people]
    return Quality(
        roster.schedule, tuple(people), weighing.fairness(points), tuple(roster.gaps(now, now + AHEAD)),
        tuple(oncall.needs([roster], now, now + AHEAD, asked, facts.homes.away)), _proposal(roster, facts, people),
    )  # fmt: skip


def _proposal(roster: Roster, facts: Facts, lines: Sequence[PersonBurden]) -> ProposedRota:
    """Who of those who take turns should take the turns ahead, so that burdens of the past and the future come closer
    together. Shifts under way stay."""
    now, end = facts.now, facts.now + PROPOSED
    members = {user.pk: user for user in roster.members if user.is_active}
    planned = [each for each in roster.turns(now, end) if each.start > now and each.end < end]
    turns = [weighing.Turn(each.start, each.end, (each.user.pk,)) for each in planned if each.user.pk in members]
    carried = {each.user.pk: each.behind.points for each in lines}
    people = [
        weighing.Person(
            key, carried.get(key, 0.0), tuple((off.start, off.end) for off in facts.homes.away.get(key, ()))
        )
        for key in members
    ]  # fmt: skip

    def cost(turn: weighing.Turn, key: weighing.Key) -> float:
        return rules.points_of(weighing.weigh(turn.start, turn.end, facts.homes.of(members[int(key)])))

    found = weighing.propose(turns, people, cost)
    changes = [
        Change(old.start, old.end, members[int(old.people[0])], members[int(new.people[0])])
        for old, new in zip(turns, found.turns, strict=True)
        if old.people != new.people
    ]
    return ProposedRota(found.before, found.after, tuple(changes))


def pay_rows(actor: Actor, first: date, last: date) -> list[PayRow]:
    """Every shift between two days (UTC, both included), cut to them, with what it earns by the rule of the person's
    organisation."""
    start, end = (datetime.combine(day, time(), UTC) for day in (first, last + timedelta(days=1)))
    found = oncall.rosters(oncall.schedules(actor), start, end)
    shifts = [shift for roster in found for shift in roster.between(start, end)]
    homes = _Homes({shift.user.pk: shift.user for shift in shifts}.values(), start, end)
    pages = _pages(shifts, start, end)
    reports = _reports(start, end)
    rates = {rule.pk: _rates(rule) for rule in PayRule.objects.all()}
    rows = []
    for shift in sorted(shifts, key=lambda each: (str(each.user), each.user.pk, each.start)):
        rate = rates.get(shift.user.organisation_id, rules.Rates())
        own = _burden([shift], homes, pages, reports)
        rows.append(PayRow(shift, own, rules.pay(own, rate), rate.currency))
    return rows


def pay_rule(organisation_id: int) -> PayRule | None:
    """What an organisation pays; None when nothing is agreed."""
    return PayRule.objects.filter(organisation_id=organisation_id).first()


def open_reports(user_id: int, now: datetime) -> list[ShiftReport]:
    """What a person has not answered yet, of the last two weeks."""
    found = ShiftReport.objects.filter(user_id=user_id, answered_at=None, end_at__gt=now - timedelta(days=14))
    return list(found.select_related("schedule"))


def reports(actor: Actor) -> QuerySet[ShiftReport]:
    """Reports of the schedules that this actor sees."""
    return ShiftReport.objects.filter(schedule__in=oncall.schedules(actor)).select_related("schedule", "user")


def handoff_notes(schedule_id: int, most: int = 5) -> list[HandoffNote]:
    """The last notes, the newest first."""
    return list(HandoffNote.objects.filter(schedule_id=schedule_id).select_related("author")[:most])


def guard_of(schedule_id: int) -> int:
    """After how many pages a night the next shift is offered; 0 for never."""
    found = Guard.objects.filter(schedule_id=schedule_id).values_list("pages", flat=True).first()
    return rules.DEFAULT_GUARD if found is None else found


def _burden(
    shifts: Sequence[ShiftView], homes: _Homes, pages: Mapping[int, Sequence[datetime]], answers: Sequence[ShiftReport]
) -> Burden:
    """What these shifts of one person are made of."""
    if not shifts:
        return Burden()
    user = shifts[0].user
    home = homes.of(user)
    weight = weighing.Weight()
    for shift in shifts:
        weight += weighing.weigh(shift.start, shift.end, home)
    hit = [at for at in pages.get(user.pk, ()) if any(shift.start <= at < shift.end for shift in shifts)]
    # A report belongs to the shift in which it ended, so that of a shift cut in two it counts once.
    told = [
        each for each in answers
        if each.user_id == user.pk
        and any(each.schedule_id == shift.schedule_id and shift.start < each.end_at <= shift.end for shift in shifts)
    ]  # fmt: skip
    worked = [float(each.hours_worked) for each in told if each.hours_worked is not None]
    ratings = [each.rating for each in told if each.rating is not None]
    return Burden(
        weight, len(hit), sum(weighing.is_night(at, home) for at in hit), sum(worked) if worked else None,
        sum(ratings) / len(ratings) if ratings else None,
    )  # fmt: skip


def _pages(shifts: Iterable[ShiftView], start: datetime, end: datetime) -> dict[int, list[datetime]]:
    return notifications.received({shift.user.pk for shift in shifts}, start, end)


def _reports(start: datetime, end: datetime) -> list[ShiftReport]:
    return list(ShiftReport.objects.filter(end_at__gt=start, end_at__lte=end, answered_at__isnull=False))


def _home(user: User, away: Iterable[Absence]) -> weighing.Home:
    zone = user.time_zone or "UTC"
    holidays = {each.start.astimezone(ZoneInfo(zone)).date() for each in away if each.kind == "holiday"}
    return weighing.Home(zone, frozenset(holidays))


def _rates(rule: PayRule) -> rules.Rates:
    return rules.Rates(rule.currency, **{name: getattr(rule, name) for name in rules.AMOUNTS})
