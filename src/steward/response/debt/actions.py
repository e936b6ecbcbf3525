"""Every write of the room: what people answer, and adding up."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction

from steward.config.environment import load
from steward.foundation.actors import Actor
from steward.foundation.database.locks import lock_in_transaction
from steward.foundation.due.registry import wake
from steward.foundation.events import publish
from steward.foundation.sentences import gettext as _
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.debt import adding, queries, reading
from steward.response.debt.errors import NotOver, UnknownAnswer
from steward.response.debt.events import AlertJudged
from steward.response.debt.models import DailyFigures, Day, Line, Verdict, Worth
from steward.response.incidents import actions as incident_actions
from steward.response.incidents import queries as incidents

log = logging.getLogger(__name__)
KIND = "debt.day"
MAX_NOTE = 500
# How old the figures of today may be, and how soon an old day with open incidents is looked at again.
FRESH, SLOW = timedelta(minutes=5), timedelta(hours=6)
# A transaction that commits late still counts: looking for what changed begins a little before the last time.
OVERLAP = timedelta(minutes=10)
LINE_COLUMNS = [
    field.name for field in Line._meta.fields if field.name not in {"id", "days", "name", "service"}
]  # fmt: skip
OLDER_CHANGED = """
SELECT (opened_at AT TIME ZONE 'UTC')::date FROM incidents_incident WHERE resolved_at >= %(since)s
UNION SELECT (opened_at AT TIME ZONE 'UTC')::date FROM incidents_incident
      WHERE status IN ('open', 'acknowledged') AND updated_at >= %(since)s
UNION SELECT (i.opened_at AT TIME ZONE 'UTC')::date FROM debt_verdict v
      JOIN incidents_incident i ON i.id = v.incident_id WHERE v.at >= %(since)s
"""


@transaction.atomic
def judge(*, actor: Actor, now: datetime, incident_id: int, answer: str, note: str | None = None) -> Verdict:
    """Say whether an incident's alert was worth it; a second answer of the same person replaces the first, and keeps its
    note unless it brings one."""
    actor.require("incidents.acknowledge")
    # The incident first, as everybody who writes to it.
    incident_actions.lock(incident_id=incident_id)
    incident = incidents.by_id(actor, incident_id)
    if answer not in Worth.values:
        text = _("Answer “act”, “info” or “noise”.")
        raise UnknownAnswer(text, fields={"answer": [text]})
    if incident.is_active:
        raise NotOver(_("%(ref)s is not over yet. Resolve it first.") % {"ref": incident.ref})
    person = queries.person_of(actor)
    before = Verdict.objects.filter(incident_id=incident_id, person=person).first()
    kept = before.note if before else ""
    said = kept if note is None else " ".join(note.replace("\0", "").split())[:MAX_NOTE]
    if before is not None and (before.answer, before.note) == (answer, said):
        return before
    values = {"label": actor.label[:200], "answer": answer, "note": said, "at": now}
    verdict, _made = Verdict.objects.update_or_create(incident_id=incident_id, person=person, defaults=values)
    _tell(actor, now, incident_id, verdict)
    audit.record(
        actor=actor, now=now, action="incident.judge", subject=SubjectRef("incident", incident_id),
        subject_label=incident.ref, before={"answer": before.answer} if before else None, after={"answer": answer},
    )  # fmt: skip
    publish(AlertJudged(incident_id, answer, now))
    return verdict


def _tell(actor: Actor, now: datetime, incident_id: int, verdict: Verdict) -> None:
    """On the incident's timeline, in words that everyone reads in their own language."""
    texts = {
        "act": _("The alert was worth it: somebody had to act"),
        "info": _("The alert was informative only"),
        "noise": _("The alert was noise"),
    }
    incident_actions.note_response(
        actor=actor, now=now, incident_id=incident_id, kind="verdict", text=texts[verdict.answer], why=verdict.note
    )


def begin(*, now: datetime) -> None:
    """Make sure that there is a row for today and for every day that nobody has added up yet; engines call this when
    they start."""
    latest = Day.objects.order_by("-day").values_list("day", flat=True).first()
    _ensure(_days(latest or _oldest(now), _today(now)), now)


@transaction.atomic
def rebuild(*, actor: Actor, now: datetime) -> int:
    """Have every day added up again from what is still there; older days keep their figures. Returns their number."""
    actor.require("routes.manage")
    first = _oldest(now)
    _ensure(_days(first, _today(now)), now)
    number = Day.objects.filter(day__gte=first).update(due_at=now)
    audit.record(actor=actor, now=now, action="debt.rebuild", after={"days": number})
    wake(KIND)
    return number


@transaction.atomic
def stop(*, actor: Actor, now: datetime) -> int:
    """Stop a rebuild: days that were not reached keep the figures that they have. Today goes on."""
    actor.require("routes.manage")
    number = Day.objects.filter(due_at__lte=now, day__lt=_today(now), computed_at__isnull=False).update(due_at=None)
    audit.record(actor=actor, now=now, action="debt.stop", after={"days": number})
    return number


def add_up(*, day_id: int, now: datetime) -> bool:
    """Add one day up if it is due, from nothing: a second time, or after a crash, gives the same."""
    with transaction.atomic():
        row = Day.objects.select_for_update().filter(pk=day_id, due_at__lte=now).first()
        if row is None:
            return False
        today, since = _today(now), row.computed_at
        DailyFigures.objects.filter(day=row.day).delete()
        found = adding.figures_of_day(row.day, now)
        DailyFigures.objects.bulk_create((adding.row_of_day(row.day, each) for each in found), batch_size=500)
        row.computed_at, row.leased_until = now, None
        row.due_at = now + FRESH if row.day >= today else _again(row.day, now)
        row.save(update_fields=["computed_at", "leased_until", "due_at"])
        if row.day < today:
            _ensure([today], now)
        else:
            _look_back(since or now - timedelta(days=1), today, now)
    return True


def _again(day: date, now: datetime) -> datetime | None:
    """When a day that has passed is to be looked at without anybody answering: while incidents of it are open."""
    return now + SLOW if reading.has_open_incidents(day) else None


def _look_back(since: datetime, today: date, now: datetime) -> None:
    """Have those earlier days added up again whose incidents were acknowledged, resolved or judged since then. Found
    here and not told by events: what people do at an incident must not wait for a day that is being added up."""
    with connection.cursor() as cursor:
        cursor.execute(OLDER_CHANGED, {"since": since - OVERLAP})
        days = {row[0] for row in cursor.fetchall()}
    changed = sorted(day for day in days if day < today)
    _ensure(changed, now)
    Day.objects.filter(day__in=changed, computed_at__lt=now - FRESH).update(due_at=now)


@transaction.atomic
def refresh_lines(*, now: datetime) -> int:
    """Write the lines of all periods anew. One at a time: two would each take away what the other wrote."""
    lock_in_transaction("debt.lines")
    number = 0
    for days, figures in adding.figures_by_period(_today(now)).items():
        lines = adding.lines_of(days, figures, now)
        lines.sort(key=lambda line: (line.name, line.service_id or 0))
        Line.objects.bulk_create(
            lines, batch_size=500, update_conflicts=True, unique_fields=["days", "name", "service"],
            update_fields=LINE_COLUMNS,
        )  # fmt: skip
        number += len(lines)
    # Where nothing fired any more. Lines keep their keys, so that a list can be paged while it is written anew.
    Line.objects.exclude(updated_at=now).delete()
    return number


def run_due(*, day_ids: Iterable[int], now: datetime) -> None:
    """What the engine does: these days, then the lines, unless more days wait and the lines are not a minute old."""
    added = [add_up(day_id=each, now=now) for each in day_ids]
    if not any(added):
        return
    latest = Line.objects.order_by("-updated_at").values_list("updated_at", flat=True).first()
    waiting = Day.objects.filter(due_at__lte=now).exists()
    if not waiting or latest is None or latest < now - timedelta(minutes=1):
        refresh_lines(now=now)


def _ensure(days: Iterable[date], now: datetime) -> None:
    Day.objects.bulk_create([Day(day=day, due_at=now) for day in days], ignore_conflicts=True)


def _today(now: datetime) -> date:
    return now.astimezone(UTC).date()


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _oldest(now: datetime) -> date:
    """The first day of which everything is still there."""
    today, kept = _today(now), load().history_days
    first = min(reading.first_day() or today, today)
    return max(first, today - timedelta(days=kept - 1)) if kept else first
