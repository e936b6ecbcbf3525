"""Every write of reports, notes, guards and pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor, system
from steward.foundation.errors import Conflict, Invalid
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.people.audit import actions as audit
from steward.response.burden import queries, rules
from steward.response.burden.errors import (
    GuardInvalid,
    NoteInvalid,
    PayInvalid,
    ReportInvalid,
    ReportNotFound,
)
from steward.response.burden.models import Guard, HandoffNote, PayRule, Round, ShiftReport, ShortNight
from steward.response.notifications import queries as notifications
from steward.response.oncall import actions as oncall
from steward.response.oncall import queries as rota

if TYPE_CHECKING:
    from steward.people.accounts.models import User
    from steward.response.oncall.queries import Roster, ShiftView

KIND = "burden.round"
PERIOD = timedelta(minutes=5)
# After a long stop only so much is asked about: nobody remembers an older shift.
LONGEST_LOOK = timedelta(days=14)
LONGEST_NOTE = 5_000
MOST_WORKED = Decimal(24 * 31)
_ENGINE = system("on-call")


@transaction.atomic
def answer_report(
    *, actor: Actor, now: datetime, report_id: int, hours_worked: Decimal | None, rating: int | None, comment: str = ""
) -> ShiftReport:
    """A person says how a shift was: hours worked, and from 1 (quiet) to 5 (awful)."""
    report = queries.reports(actor).select_for_update(of=("self",)).filter(pk=report_id).first()
    if report is None:
        raise ReportNotFound(_("There is no such shift report, or you may not see it."))
    if actor.user_id != report.user_id:
        actor.require("oncall.manage")
    fields: dict[str, list[str]] = {}
    if hours_worked is None and rating is None:
        fields["rating"] = [_("Say how the shift was, or how many hours you worked.")]
    if hours_worked is not None and not 0 <= hours_worked <= MOST_WORKED:
        fields["hours_worked"] = [_("Write the hours worked as a number from 0.")]
    if rating is not None and not 1 <= rating <= 5:
        fields["rating"] = [_("Choose from 1 (quiet) to 5 (awful).")]
    if fields:
        raise ReportInvalid(next(iter(fields.values()))[0], fields=fields)
    report.hours_worked, report.rating, report.answered_at = hours_worked, rating, now
    report.comment = comment.replace("\0", "").strip()[:500]
    report.save(update_fields=["hours_worked", "rating", "answered_at", "comment"])
    return report


@transaction.atomic
def add_note(*, actor: Actor, now: datetime, schedule_id: int, text: str) -> HandoffNote:
    """Write down what whoever comes next should know."""
    actor.require("oncall.view")
    schedule = rota.schedule_by_id(actor, schedule_id)
    text = text.replace("\0", "").strip()
    if actor.user_id is None:
        raise NoteInvalid(_("A handoff note is signed by a person. Sign in as one."))
    if not text or len(text) > LONGEST_NOTE:
        message = _("Write a note of 1 to %(most)s characters.") % {"most": LONGEST_NOTE}
        raise NoteInvalid(message, fields={"text": [message]})
    return HandoffNote.objects.create(schedule_id=schedule.pk, author_id=actor.user_id, text=text, created_at=now)


@transaction.atomic
def set_guard(*, actor: Actor, now: datetime, schedule_id: int, pages: int) -> Guard:
    """After more than so many pages a night the next shift is offered for cover; 0 for never."""
    actor.require("oncall.manage")
    schedule = rota.schedule_by_id(actor, schedule_id)
    if not 0 <= pages <= 50:
        message = _("Write a number from 0 (never) to 50.")
        raise GuardInvalid(message, fields={"pages": [message]})
    before = queries.guard_of(schedule_id)
    guard, _made = Guard.objects.update_or_create(schedule_id=schedule_id, defaults={"pages": pages})
    if before != pages:
        audit.record(
            actor=actor, now=now, action="schedule.guard", subject=SubjectRef("schedule", schedule.pk),
            subject_label=schedule.name, before={"pages": before}, after={"pages": pages},
        )  # fmt: skip
    return guard


@transaction.atomic
def set_pay_rule(*, actor: Actor, now: datetime, organisation_id: int, rates: rules.Rates) -> PayRule:
    """What an organisation pays for on-call, and the time off it gives."""
    actor.require("oncall.pay")
    organisation = accounts.visible_organisation(actor, organisation_id)
    fields: dict[str, list[str]] = {}
    if len(rates.currency) != 3 or not (rates.currency.isascii() and rates.currency.isalpha()):
        fields["currency"] = [_("Write the currency's code of three letters, such as EUR.")]
    for name in rules.AMOUNTS:
        if not 0 <= getattr(rates, name) < Decimal(100_000 if not name.startswith("off_") else 100):
            fields[name] = [_("Write a number from 0, not too large.")]
    if fields:
        raise PayInvalid(next(iter(fields.values()))[0], fields=fields)
    old = queries.pay_rule(organisation_id)
    values = {**asdict(rates), "currency": rates.currency.upper()}
    rule, _made = PayRule.objects.update_or_create(organisation_id=organisation_id, defaults=values)
    audit.record(
        actor=actor, now=now, action="oncall.pay", subject=SubjectRef("organisation", organisation.pk),
        subject_label=str(organisation), after={name: str(value) for name, value in values.items()},
        before={name: str(getattr(old, name)) for name in values} if old else None,
    )  # fmt: skip
    return rule


@transaction.atomic
def apply_proposal(*, actor: Actor, now: datetime, slug: str) -> int:
    """Make the proposed rota of a schedule real, by overrides; returns how many (0: it is as fair as it can be)."""
    actor.require("oncall.manage")
    quality = queries.quality(actor, now, slug)
    found = quality.proposal
    for change in found.changes:
        oncall.add_override(
            actor=actor, now=now, schedule_id=quality.schedule.pk, user_id=change.proposed.pk,
            replaces_id=change.now.pk, start_at=change.start, end_at=change.end, reason=_("fairer rota"),
        )  # fmt: skip
    return len(found.changes)


@transaction.atomic
def run_round(*, now: datetime) -> None:
    """Ask about the shifts that ended since the last time, and look at the nights."""
    row = Round.objects.select_for_update().order_by("id").first()
    if row is None or row.due_at is None or row.due_at > now:
        return
    since = max(row.seen_until, now - LONGEST_LOOK)
    found = rota.rosters(rota.schedules(_ENGINE), since - LONGEST_LOOK, now + timedelta(days=60))
    _ask(found, since, now)
    _guard(found, now)
    row.seen_until, row.due_at, row.leased_until = now, now + PERIOD, None
    row.save(update_fields=["seen_until", "due_at", "leased_until"])


def _ask(found: Sequence[Roster], since: datetime, now: datetime) -> None:
    ended = [
        shift
        for roster in found
        for shift in roster.between(since - LONGEST_LOOK, now + timedelta(hours=1))
        if since < shift.end <= now
    ]
    ShiftReport.objects.bulk_create(
        (
            ShiftReport(
                schedule_id=shift.schedule_id, user_id=shift.user.pk, start_at=shift.start, end_at=shift.end,
                asked_at=now,
            )
            for shift in ended
        ),
        ignore_conflicts=True,
    )  # fmt: skip


def _guard(found: Sequence[Roster], now: datetime) -> None:
    """Who was woken too often this night is offered relief, once for the night."""
    woken = notifications.received_at_all(now - timedelta(hours=18), now)
    if not woken:
        return
    limits = dict(Guard.objects.values_list("schedule_id", "pages"))
    for roster in found:
        limit = limits.get(roster.schedule.pk, rules.DEFAULT_GUARD)
        on_call = {shift.user.pk: shift.user for shift in roster.between(now - timedelta(hours=18), now)}
        for key in on_call.keys() & woken.keys() if limit else ():
            _relieve(roster, on_call[key], woken[key], limit, now)


def _relieve(roster: Roster, user: User, pages: Sequence[datetime], limit: int, now: datetime) -> None:
    zone = ZoneInfo(user.time_zone or "UTC")
    night = rules.night_of(now.astimezone(zone))
    if now.astimezone(zone).hour >= 22:
        return  # a night that has just begun is looked at as it goes on
    last = night if now.astimezone(zone).hour < 7 else night - timedelta(days=1)
    start = datetime.combine(last, time(22), zone)
    end = datetime.combine(last + timedelta(days=1), time(7), zone)
    count = sum(start <= at < end for at in pages)
    if count <= limit:
        return
    short, made = ShortNight.objects.get_or_create(
        user=user, schedule=roster.schedule, night=last, defaults={"pages": count, "created_at": now}
    )
    if not made:
        return
    shift = _next(roster, user, now, zone)
    if shift is None:
        return
    try:
        with transaction.atomic():
            short.swap = oncall.ask_for_cover(
                actor=_ENGINE, now=now, schedule_id=roster.schedule.pk, user_id=user.pk, start_at=shift[0],
                end_at=shift[1], note=_("paged %(count)s times last night") % {"count": count},
            )  # fmt: skip
            short.save(update_fields=["swap"])
    except (Invalid, Conflict):
        return  # cover is asked for already


def _next(roster: Roster, user: User, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """The next shift to be relieved of, within two days: one that begins, else the coming night of the present one."""
    own: list[ShiftView] = [each for each in roster.between(now, now + timedelta(days=30)) if each.user.pk == user.pk]
    for shift in own:
        if now < shift.start <= now + timedelta(days=2):
            return shift.start, shift.end
    evening = datetime.combine(now.astimezone(zone).date(), time(22), zone)
    morning = datetime.combine(evening.date() + timedelta(days=1), time(7), zone)
    for shift in own:
        start, end = max(shift.start, evening), min(shift.end, morning)
        if start < end:
            return start, end
    return None
