"""From a step to the people it means at a moment, each with the reason why it is them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from steward.people.accounts import queries as accounts
from steward.response.oncall import rules
from steward.response.oncall.events import PagedPerson
from steward.response.oncall.models import Schedule
from steward.response.oncall.queries.schedules import ShiftView, who


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a step means, and what keeps it from meaning somebody."""

    people: tuple[PagedPerson, ...]
    problems: tuple[str, ...]


def people_of(step: rules.Step, at: datetime) -> Asked:
    """The active people a notify step means at ``at``."""
    if step.kind == rules.NOTIFY_SCHEDULE:
        return _on_schedule(step, at)
    if step.kind == rules.NOTIFY_TEAM:
        return _in_team(step)
    user = accounts.person(step.target_id or 0)
    if user is None:
        return Asked((), (_("%(person)s does not exist any more.") % {"person": step.label},))
    if not user.is_active:
        return Asked((), (_("%(person)s is not active.") % {"person": user},))
    return Asked((PagedPerson(user.pk, str(user), _("named in the policy")),), ())


def _on_schedule(step: rules.Step, at: datetime) -> Asked:
    schedule = Schedule.objects.filter(pk=step.target_id or 0).first()
    if schedule is None:
        return Asked((), (_("The schedule %(schedule)s does not exist any more.") % {"schedule": step.label},))
    shift = who(schedule.pk, at)
    if shift is None:
        return Asked((), (_("Nobody is on call for %(schedule)s.") % {"schedule": schedule.name},))
    if not shift.user.is_active:
        text = _("%(person)s is on call for %(schedule)s but is not active.")
        return Asked((), (text % {"person": shift.user, "schedule": schedule.name},))
    return Asked((PagedPerson(shift.user.pk, str(shift.user), because(schedule, shift)),), ())


def _in_team(step: rules.Step) -> Asked:
    members = [user for user in accounts.team_members(step.target_id or 0) if user.is_active]
    if not members:
        return Asked((), (_("The team %(team)s has no active members.") % {"team": step.label},))
    why = _("member of the team %(team)s") % {"team": step.label}
    return Asked(tuple(PagedPerson(user.pk, str(user), why) for user in members), ())


def because(schedule: Schedule, shift: ShiftView) -> str:
    """Why it is this person: "on call for Application until Mon 09:00 Europe/Berlin (rotation)"."""
    local = shift.end.astimezone(ZoneInfo(schedule.time_zone))
    until = f"{date_format(local, 'D j M H:i')} {schedule.time_zone}"
    values = {"schedule": schedule.name, "until": until, "reason": shift.reason}
    if shift.source != "override":
        return _("on call for %(schedule)s until %(until)s (rotation)") % values
    if shift.reason:
        return _("on call for %(schedule)s until %(until)s (override: %(reason)s)") % values
    return _("on call for %(schedule)s until %(until)s (override)") % values
