"""From a step to the people it means at a moment, each with the reason why it is them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from steward.foundation.actors import system
from steward.foundation.sentences import Moment
from steward.foundation.sentences import gettext as _
from steward.people.accounts import queries as accounts
from steward.response.oncall import rules
from steward.response.oncall.events import PagedPerson
from steward.response.oncall.models import Schedule
from steward.response.oncall.queries.schedules import AROUND, Roster, ShiftView, rosters_around
from steward.response.oncall.queries.turns import served, turn_key

if TYPE_CHECKING:
    from steward.people.accounts.models import User

_READER = system("on-call")


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a step means, and what keeps it from meaning somebody. ``in_turn``: only the first of them who can be
    reached."""

    people: tuple[PagedPerson, ...]
    problems: tuple[str, ...]
    in_turn: bool = False


class Directory:
    """Everybody some steps can mean, loaded at once."""

    def __init__(
        self, steps: Sequence[rules.Step], now: datetime, ahead: timedelta = timedelta(), policy_id: int | None = None
    ) -> None:
        """``ahead``: until how long after ``now`` the steps will be asked about."""

        def wanted(*kinds: str) -> list[int]:
            return [step.target_id for step in steps if step.kind in kinds and step.target_id is not None]

        self._rosters: dict[int, Roster] = {}
        if rotas := wanted(*rules.OF_SCHEDULES):
            self._rosters = rosters_around(rotas, now, ahead + AROUND)
        self._people: dict[int, User] = {}
        if people := {*wanted(rules.NOTIFY_USER), *(key for step in steps for key in step.people)}:
            self._people = {user.pk: user for user in accounts.users(_READER).filter(pk__in=people)}
        self._teams = {team: accounts.team_members(team) for team in dict.fromkeys(wanted(*rules.OF_TEAMS))}
        self._policy_id = policy_id
        self._served = served({turn_key(policy_id, step) for step in steps if step.kind in rules.IN_TURN})

    def asked(self, step: rules.Step, at: datetime) -> Asked:
        """The active people a notify step means at ``at``."""
        if step.kind in rules.OF_SCHEDULES:
            return self._on_schedule(step, at)
        if step.kind == rules.NOTIFY_TEAM:
            return self._in_team(step)
        if step.kind in rules.IN_TURN:
            return self._in_turn(step)
        user = self._people.get(step.target_id or 0)
        if user is None:
            return Asked((), (_("%(person)s does not exist any more.") % {"person": step.label},))
        if not user.is_active:
            return Asked((), (_("%(person)s is not active.") % {"person": user},))
        return Asked((PagedPerson(user.pk, str(user), _("named in the policy")),), ())

    def everybody(self) -> set[int]:
        """The keys of all people whom the steps can mean at any time."""
        on_call = {key for roster in self._rosters.values() for key in roster.people}
        return on_call | set(self._people) | {user.pk for team in self._teams.values() for user in team}

    def took_turn(self, step: rules.Step, user_id: int) -> int:
        """From now on it is the others' turn before this person's; the number of the turn."""
        known = self._served[turn_key(self._policy_id, step)]
        known[user_id] = max(known.values(), default=0) + 1
        return known[user_id]

    def _on_schedule(self, step: rules.Step, at: datetime) -> Asked:
        roster = self._rosters.get(step.target_id or 0)
        if roster is None:
            return Asked((), (_("The schedule %(schedule)s does not exist any more.") % {"schedule": step.label},))
        shifts = roster.at(at)
        if step.kind != rules.NOTIFY_SCHEDULE:
            return _beside(roster, shifts, step, at)
        if not shifts:
            return Asked((), (_("Nobody is on call for %(schedule)s.") % {"schedule": roster.schedule.name},))
        # The same person can be on call twice: by a layer and by an override that replaces somebody else.
        once = {shift.user.pk: shift for shift in reversed(shifts)}
        here = [shift for shift in shifts if once[shift.user.pk] is shift]
        text = _("%(person)s is on call for %(schedule)s but is not active.")
        return Asked(
            tuple(_paged(roster.schedule, shift) for shift in here if shift.user.is_active),
            tuple(
                text % {"person": shift.user, "schedule": roster.schedule.name}
                for shift in here if not shift.user.is_active
            ),
        )  # fmt: skip

    def _in_team(self, step: rules.Step) -> Asked:
        members = [user for user in self._teams.get(step.target_id or 0, []) if user.is_active]
        if not members:
            return Asked((), (_("The team %(team)s has no active members.") % {"team": step.label},))
        why = _("member of the team %(team)s") % {"team": step.label}
        return Asked(tuple(PagedPerson(user.pk, str(user), why) for user in members), ())

    def _in_turn(self, step: rules.Step) -> Asked:
        if step.kind == rules.TURN_TEAM:
            everybody: Iterable[User] = self._teams.get(step.target_id or 0, [])
            none = _("The team %(team)s has no active members.") % {"team": step.label}
            why = _("member of the team %(team)s whose turn it is") % {"team": step.label}
        else:
            everybody = (self._people[key] for key in step.people if key in self._people)
            none = _("None of the people who take turns is active.")
            why = _("named in the policy, and it is their turn")
        active = {user.pk: user for user in everybody if user.is_active}
        if not active:
            return Asked((), (none,))
        order = rules.in_turn(list(active), self._served.get(turn_key(self._policy_id, step), {}))
        return Asked(tuple(PagedPerson(key, str(active[key]), why) for key in order), (), in_turn=True)


def _beside(roster: Roster, present: Sequence[ShiftView], step: rules.Step, at: datetime) -> Asked:
    """Who was on call before those of now, or will be next."""
    now_on_call, values = {shift.user.pk for shift in present}, {"schedule": roster.schedule.name}
    if step.kind == rules.NOTIFY_PREVIOUS:
        first = min((shift.start for shift in present), default=at)
        past = [
            each for each in roster.between(first - AROUND, at) if each.user.pk not in now_on_call and each.end <= at
        ]
        edge = max((each.end for each in past), default=None)
        found = {each.user.pk: each for each in past if each.end == edge}
        none = _("Nobody was on call for %(schedule)s before.") % values
        why = _("was on call for %(schedule)s until %(time)s")
    else:
        last = max((shift.end for shift in present), default=at)
        coming = [
            each for each in roster.between(at, last + AROUND) if each.user.pk not in now_on_call and each.start > at
        ]
        edge = min((each.start for each in coming), default=None)
        found = {each.user.pk: each for each in coming if each.start == edge}
        none = _("Nobody is on call for %(schedule)s next.") % values
        why = _("is on call for %(schedule)s next, from %(time)s")
    if edge is None:
        return Asked((), (none,))
    said = why % {**values, "time": Moment(edge, roster.schedule.time_zone, "D j M H:i")}
    inactive = _("%(person)s is not active.")
    return Asked(
        tuple(PagedPerson(key, str(shift.user), said) for key, shift in found.items() if shift.user.is_active),
        tuple(inactive % {"person": shift.user} for shift in found.values() if not shift.user.is_active),
    )


def _paged(schedule: Schedule, shift: ShiftView) -> PagedPerson:
    return PagedPerson(shift.user.pk, str(shift.user), because(schedule, shift))


def because(schedule: Schedule, shift: ShiftView) -> str:
    """Why it is this person: "on call for Application until Mon 09:00 Europe/Berlin (rotation)"."""
    values = {
        "schedule": schedule.name, "until": Moment(shift.end, schedule.time_zone, "D j M H:i"), "reason": shift.reason,
    }  # fmt: skip
    if shift.source != "override":
        if shift.layer:
            return _("on call for %(schedule)s until %(until)s (%(layer)s)") % {**values, "layer": shift.layer}
        return _("on call for %(schedule)s until %(until)s (rotation)") % values
    if shift.reason:
        return _("on call for %(schedule)s until %(until)s (override: %(reason)s)") % values
    return _("on call for %(schedule)s until %(until)s (override)") % values
