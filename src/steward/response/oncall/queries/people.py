"""From a step to the people it means at a moment, each with the reason why it is them."""

from __future__ import annotations

from collections.abc import Sequence
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

if TYPE_CHECKING:
    from steward.people.accounts.models import User

_READER = system("on-call")


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a step means, and what keeps it from meaning somebody."""

    people: tuple[PagedPerson, ...]
    problems: tuple[str, ...]


class Directory:
    """Everybody some steps can mean, loaded at once."""

    def __init__(self, steps: Sequence[rules.Step], now: datetime, ahead: timedelta = timedelta()) -> None:
        """``ahead``: until how long after ``now`` the steps will be asked about."""

        def wanted(kind: str) -> list[int]:
            return [step.target_id for step in steps if step.kind == kind and step.target_id is not None]

        self._rosters: dict[int, Roster] = {}
        if rotas := wanted(rules.NOTIFY_SCHEDULE):
            self._rosters = rosters_around(rotas, now, ahead + AROUND)
        self._people: dict[int, User] = {}
        if people := wanted(rules.NOTIFY_USER):
            self._people = {user.pk: user for user in accounts.users(_READER).filter(pk__in=people)}
        self._teams = {team: accounts.team_members(team) for team in dict.fromkeys(wanted(rules.NOTIFY_TEAM))}

    def asked(self, step: rules.Step, at: datetime) -> Asked:
        """The active people a notify step means at ``at``."""
        if step.kind == rules.NOTIFY_SCHEDULE:
            return self._on_schedule(step, at)
        if step.kind == rules.NOTIFY_TEAM:
            return self._in_team(step)
        user = self._people.get(step.target_id or 0)
        if user is None:
            return Asked((), (_("%(person)s does not exist any more.") % {"person": step.label},))
        if not user.is_active:
            return Asked((), (_("%(person)s is not active.") % {"person": user},))
        return Asked((PagedPerson(user.pk, str(user), _("named in the policy")),), ())

    def _on_schedule(self, step: rules.Step, at: datetime) -> Asked:
        roster = self._rosters.get(step.target_id or 0)
        if roster is None:
            return Asked((), (_("The schedule %(schedule)s does not exist any more.") % {"schedule": step.label},))
        shifts = roster.at(at)
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


def _paged(schedule: Schedule, shift: ShiftView) -> PagedPerson:
    return PagedPerson(shift.user.pk, str(shift.user), because(schedule, shift))


def people_of(step: rules.Step, at: datetime) -> Asked:
    """The active people a notify step means at ``at``."""
    return Directory([step], at).asked(step, at)


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
