"""The way to a person: their methods, their rules, and what keeps a page from them now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from steward.foundation.sentences import Moment
from steward.foundation.sentences import gettext as _
from steward.people.workforce import queries as workforce
from steward.response.notifications import rules
from steward.response.notifications.models import ContactMethod, QuietHours, Rule
from steward.response.notifications.rules import plans

if TYPE_CHECKING:
    from steward.people.accounts.models import User


@dataclass(frozen=True, slots=True)
class Way:
    """How a page would reach somebody; ``problem`` says why not, ``held`` why not yet."""

    planned: tuple[plans.Planned, ...] = ()
    problem: str = ""
    held: str = ""
    held_until: datetime | None = None


def way_to(user: User, importance: str, now: datetime, *, even_on_leave: bool = False) -> Way:
    """How a page of this importance would reach the person now."""
    if not user.is_active:
        return Way(problem=_("%(person)s is not active.") % {"person": user})
    away = None if even_on_leave else workforce.on_leave(user.pk, now)
    if away is not None:
        until = Moment(away.end, user.time_zone or "UTC", "D j M H:i")
        return Way(problem=_("%(person)s is on leave until %(until)s.") % {"person": user, "until": until})
    planned = plans.plan(methods_of(user.pk), user.email, plans.steps_for(importance, steps_of(user.pk)))
    if not planned:
        return Way(problem=_("%(person)s has no contact method and no e-mail address.") % {"person": user})
    quiet = QuietHours.objects.filter(user_id=user.pk).first() if importance == plans.NORMAL else None
    until_ = plans.quiet_until(_quiet(quiet), user.time_zone or "UTC", now) if quiet is not None else None
    if until_ is None:
        return Way(tuple(planned))
    held = _("Quiet hours: comes at %(until)s.") % {"until": Moment(until_, user.time_zone or "UTC", "D j M H:i")}
    return Way(tuple(planned), held=held, held_until=until_)


def methods_of(user_id: int) -> list[rules.Method]:
    """A person's methods in their order."""
    return [
        rules.Method(each.pk, each.channel, each.target, each.enabled, each.verified_at is not None)
        for each in ContactMethod.objects.filter(user_id=user_id).order_by("position", "id")
    ]


def steps_of(user_id: int) -> dict[str, list[plans.Step]]:
    """A person's rules by importance."""
    found: dict[str, list[plans.Step]] = {}
    for importance, method_id, after in Rule.objects.filter(user_id=user_id).values_list(
        "importance", "method_id", "after_minutes"
    ):
        found.setdefault(importance, []).append(plans.Step(method_id, after))
    return found


def _quiet(row: QuietHours) -> plans.Quiet:
    return plans.Quiet(row.starts, row.ends, tuple(row.days))
