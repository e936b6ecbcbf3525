"""Every write of leave and workplaces."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.database.locks import lock_in_transaction
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.people.audit import actions as audit
from steward.people.workforce import queries
from steward.people.workforce.errors import LeaveInvalid, LeaveNotFound, LeaveOverlaps, WorkplaceInvalid
from steward.people.workforce.models import Leave, Workplace

if TYPE_CHECKING:
    from steward.people.accounts.models import User

LONGEST = timedelta(days=730)


@transaction.atomic
def add_leave(*, actor: Actor, now: datetime, user_id: int, first_day: date, last_day: date, note: str = "") -> Leave:
    """A person does not work from the first day to the last, both included."""
    user = _writable(actor, user_id)
    _check_days(first_day, last_day)
    lock_in_transaction(f"workforce:leave:{user_id}")
    taken = Leave.objects.filter(user_id=user_id, first_day__lte=last_day, last_day__gte=first_day).first()
    if taken is not None:
        raise LeaveOverlaps(
            _("There is leave from %(first)s to %(last)s already. Remove it first, or choose other days.")
            % {"first": taken.first_day, "last": taken.last_day}
        )
    leave = Leave.objects.create(
        user_id=user_id, first_day=first_day, last_day=last_day, note=" ".join(note.replace("\0", "").split())[:200],
        created_at=now,
    )  # fmt: skip
    audit.record(
        actor=actor, now=now, action="leave.add", subject=SubjectRef("user", user_id), subject_label=str(user),
        after=_audited(leave),
    )  # fmt: skip
    return leave


@transaction.atomic
def remove_leave(*, actor: Actor, now: datetime, leave_id: int) -> int:
    """Take leave back; returns whose it was."""
    leave = queries.leaves(actor).select_for_update(of=("self",)).filter(pk=leave_id).first()
    if leave is None:
        raise LeaveNotFound(_("There is no such leave; it may have been removed already."))
    user = _writable(actor, leave.user_id)
    audit.record(
        actor=actor, now=now, action="leave.remove", subject=SubjectRef("user", user.pk), subject_label=str(user),
        before=_audited(leave),
    )  # fmt: skip
    leave.delete()
    return user.pk


@transaction.atomic
def set_workplace(*, actor: Actor, now: datetime, user_id: int, country: str, part: str = "") -> Workplace | None:
    """Whose public holidays a person has; an empty country: none."""
    user = _writable(actor, user_id)
    country, part = country.strip().upper(), part.strip().upper()
    known = queries.countries()
    if country and country not in known:
        message = _("The holidays of this country are not known. Write its code of two letters, such as DE.")
        raise WorkplaceInvalid(message, fields={"country": [message]})
    if part and part not in known.get(country, ()):
        message = _("%(country)s has no such part. Known are: %(parts)s.") % {
            "country": country or "—", "parts": ", ".join(known.get(country, ())) or "—",
        }  # fmt: skip
        raise WorkplaceInvalid(message, fields={"part": [message]})
    lock_in_transaction(f"workforce:workplace:{user_id}")
    before = queries.workplace_of(user_id)
    if before is not None and (before.country, before.part) == (country, part):
        return before
    found = None
    if country:
        found, _made = Workplace.objects.update_or_create(user_id=user_id, defaults={"country": country, "part": part})
    elif before is not None:
        before.delete()
    audit.record(
        actor=actor, now=now, action="workplace.set", subject=SubjectRef("user", user_id), subject_label=str(user),
        before={"country": before.country, "part": before.part} if before and country else None,
        after={"country": country, "part": part},
    )  # fmt: skip
    return found


def _writable(actor: Actor, user_id: int) -> User:
    """The person, if this actor may write their leave."""
    user = accounts.visible_person(actor, user_id)
    if actor.user_id != user_id:
        actor.require("leave.manage")
    return user


def _check_days(first_day: date, last_day: date) -> None:
    fields: dict[str, list[str]] = {}
    if not (1990 <= first_day.year <= 2200 and 1990 <= last_day.year <= 2200):
        fields["first_day"] = [_("Choose a date between 1990 and 2200.")]
    elif last_day < first_day:
        fields["last_day"] = [_("The last day is before the first.")]
    elif last_day - first_day > LONGEST:
        fields["last_day"] = [_("Leave lasts at most two years. Deactivate who does not come back.")]
    if fields:
        raise LeaveInvalid(next(iter(fields.values()))[0], fields=fields)


def _audited(leave: Leave) -> dict[str, str]:
    """Without the note: it may say why, and many read the audit trail."""
    return {"first_day": leave.first_day.isoformat(), "last_day": leave.last_day.isoformat()}
