"""Testing contact methods, and telling who leads that somebody cannot be reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from steward.config.environment import load
from steward.foundation.actors import system
from steward.foundation.language import speaking
from steward.foundation.moments import written
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.people.workforce import queries as workforce
from steward.response.notifications import actions as notifications
from steward.response.notifications import queries as reach
from steward.response.oncall import queries as oncall
from steward.response.readiness import rules
from steward.response.readiness.models import Proof, ProofState, Warning, Watch

if TYPE_CHECKING:
    from steward.people.accounts.models import User
    from steward.response.notifications.models import ContactMethod
    from steward.response.oncall.models import Schedule
    from steward.response.oncall.queries import ShiftView

KIND = "readiness.watch"
PERIOD = timedelta(hours=1)
AHEAD = timedelta(days=30)
MOST_TESTS = 100
_ENGINE = system("on-call")


@transaction.atomic
def run_watch(*, now: datetime) -> None:
    """Look at everybody who will be on call: what tests said, whose test is due, who cannot be reached."""
    row = Watch.objects.select_for_update().order_by("id").first()
    if row is None or row.due_at is None or row.due_at > now:
        return
    rosters = oncall.rosters(oncall.schedules(_ENGINE), now - oncall.AROUND, now + AHEAD)
    ahead = {roster.schedule.pk: roster.first_shifts(now, now + AHEAD) for roster in rosters}
    people = {shift.user.pk: shift.user for shifts in ahead.values() for shift in shifts}
    methods = reach.usable_methods(people)
    _read(now)
    _test(people, methods, now)
    lost = _unreachable(people, methods)
    schedules = {roster.schedule.pk: roster.schedule for roster in rosters}
    _warn(schedules, {key: [s for s in shifts if s.user.pk in lost] for key, shifts in ahead.items()}, now)
    row.due_at, row.leased_until = now + PERIOD, None
    row.save(update_fields=["due_at", "leased_until"])


def _read(now: datetime) -> None:
    """What became of the tests that were on their way."""
    waiting = list(Proof.objects.filter(state=ProofState.ASKED))
    states = reach.page_states([proof.page_id for proof in waiting])
    for proof in waiting:
        state = states.get(proof.page_id, "failed")
        if state in {"sent", "failed"}:
            proof.state = ProofState.ARRIVED if state == "sent" else ProofState.FAILED
            proof.save(update_fields=["state"])


def _test(people: Mapping[int, User], methods: Mapping[int, Sequence[ContactMethod]], now: datetime) -> None:
    known = {proof.method_id: proof for proof in Proof.objects.filter(method__user__in=people)}
    away = workforce.absences(people.values(), now, now + timedelta(hours=1))
    sent = 0
    for key, user in people.items():
        if key in away or not rules.convenient(now, user.time_zone or "UTC") or sent >= MOST_TESTS:
            continue
        asked = [known[method.pk].asked_at for method in methods.get(key, ()) if method.pk in known]
        if asked and now - max(asked) < timedelta(days=1):
            continue  # one a day
        due = [
            method for method in methods.get(key, ())
            if rules.is_due(known[method.pk].asked_at if method.pk in known else None, now)
        ]  # fmt: skip
        if due:
            page = notifications.send_test(actor=_ENGINE, now=now, method_id=due[0].pk)
            values = {"page_id": page, "state": ProofState.ASKED, "asked_at": now}
            Proof.objects.update_or_create(method=due[0], defaults=values)
            sent += 1


def _unreachable(people: Mapping[int, User], methods: Mapping[int, Sequence[ContactMethod]]) -> set[int]:
    targets = reach.reach_of_people(people.values())
    states: dict[int, list[str]] = {}
    for user_id, state in Proof.objects.filter(method__user__in=people).values_list("method__user_id", "state"):
        states.setdefault(user_id, []).append(state)
    return {
        key for key in people
        if rules.unreachable(targets.get(key, 0), states.get(key, ()), len(methods.get(key, ())))
    }  # fmt: skip


def _warn(schedules: Mapping[int, Schedule], lost: Mapping[int, Sequence[ShiftView]], now: datetime) -> None:
    still = {(key, shift.user.pk) for key, shifts in lost.items() for shift in shifts}
    for warning in Warning.objects.filter(closed_at=None):
        if (warning.schedule_id, warning.user_id) not in still:
            warning.closed_at = now
            warning.save(update_fields=["closed_at"])
    for key, shifts in lost.items():
        for shift in shifts:
            warning, made = Warning.objects.get_or_create(
                schedule_id=key, user=shift.user, closed_at=None, defaults={"shift_at": shift.start, "told_at": now}
            )
            if made:
                _tell(warning, schedules[key], shift, now)


def _tell(warning: Warning, schedule: Schedule, shift: ShiftView, now: datetime) -> None:
    for lead in _leads(schedule, shift.user):
        zone = ZoneInfo(lead.time_zone or "UTC")
        with speaking(lead.language, otherwise=load().language), timezone.override(zone):
            values = {
                "person": shift.user, "schedule": schedule.name,
                "start": written(shift.start.astimezone(zone), "D j M H:i"),
            }  # fmt: skip
            title = _("%(person)s cannot be reached, and is on call for %(schedule)s from %(start)s") % values
            body = _("Ask them to add or mend a contact method, or have somebody else take over: %(address)s") % {
                "address": f"{load().public_url}/schedules/{schedule.slug}/"
            }
            why = _("you lead the team of this schedule")
        notifications.page(
            actor=_ENGINE, now=now, user_id=lead.pk, key=f"readiness:{warning.pk}:{lead.pk}", importance="normal",
            subject=SubjectRef("schedule", schedule.pk), subject_label=schedule.name, title=title, body=body,
            reason={"why": why},
        )  # fmt: skip


def _leads(schedule: Schedule, but: User) -> list[User]:
    """Who leads the schedule's team; else all leads, else the administrators. Never only the one who cannot be reached."""
    team: Iterable[User] = accounts.team_members(schedule.team_id) if schedule.team_id else ()
    everybody = list(accounts.users(_ENGINE).filter(is_active=True, role="lead", organisation__kind="home"))
    for group in (team, everybody, accounts.administrators()):
        found = [
            user for user in group if user.is_active and user.pk != but.pk and user.role in {"lead", "administrator"}
        ]
        if found:
            return found
    return []
