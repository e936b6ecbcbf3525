"""How a person wants to be paged: rules by importance, and quiet hours."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.people.audit import actions as audit
from steward.response.notifications.actions.contacts import require_own
from steward.response.notifications.errors import ContactMethodNotFound, RuleInvalid
from steward.response.notifications.models import ContactMethod, Importance, QuietHours, Rule
from steward.response.notifications.rules import plans


@transaction.atomic
def set_rule(
    *, actor: Actor, now: datetime, user_id: int, importance: str, steps: Sequence[plans.Step]
) -> list[plans.Step]:
    """Replace a person's steps for pages of one importance; none at all leaves it to the rule for any other page."""
    label = _person(actor, user_id)
    if importance not in Importance.values:
        text = _("The importance is important, normal or default.")
        raise RuleInvalid(text, fields={"importance": [text]})
    if len(steps) > plans.MOST_STEPS:
        raise RuleInvalid(_("A rule has at most %(n)s steps.") % {"n": plans.MOST_STEPS})
    # One after the other: two writers of one rule would number their steps alike.
    known = set(ContactMethod.objects.select_for_update().filter(user_id=user_id).values_list("pk", flat=True))
    for each in steps:
        if each.method_id not in known:
            raise RuleInvalid(_("A step names a contact method that is not this person's."))
        if not 0 <= each.after_minutes <= plans.LONGEST_WAIT:
            raise RuleInvalid(_("A step comes after 0 to %(n)s minutes.") % {"n": plans.LONGEST_WAIT})
    ordered = sorted(steps, key=lambda each: each.after_minutes)
    old = Rule.objects.filter(user_id=user_id, importance=importance)
    before = _audited(old)
    old.delete()
    Rule.objects.bulk_create(
        Rule(
            user_id=user_id, importance=importance, position=number, method_id=each.method_id,
            after_minutes=each.after_minutes,
        )
        for number, each in enumerate(ordered)
    )  # fmt: skip
    after = _audited(Rule.objects.filter(user_id=user_id, importance=importance))
    audit.record(
        actor=actor, now=now, action="notification_rule.set", subject=SubjectRef("user", user_id), subject_label=label,
        before={importance: before}, after={importance: after},
    )  # fmt: skip
    return ordered


@transaction.atomic
def set_quiet_hours(
    *, actor: Actor, now: datetime, user_id: int, starts: time | None, ends: time | None, days: Collection[int] = ()
) -> None:
    """Say when normal pages wait, in the person's own zone; without times, never."""
    label = _person(actor, user_id)
    if any(not 1 <= day <= 7 for day in days):
        raise RuleInvalid(_("Days are 1 (Monday) to 7."), fields={"days": [_("Days are 1 (Monday) to 7.")]})
    if starts is not None and starts == ends:
        text = _("Quiet hours end at another time than they begin.")
        raise RuleInvalid(text, fields={"ends": [text]})
    if starts is None and ends is None:
        QuietHours.objects.filter(user_id=user_id).delete()
    elif starts is None or ends is None:
        text = _("Write both times, or neither.")
        raise RuleInvalid(text, fields={"starts" if starts is None else "ends": [text]})
    else:
        QuietHours.objects.update_or_create(
            user_id=user_id, defaults={"starts": starts, "ends": ends, "days": sorted(set(days))}
        )
    audit.record(
        actor=actor, now=now, action="quiet_hours.set", subject=SubjectRef("user", user_id), subject_label=label,
        after={"starts": str(starts), "ends": str(ends), "days": sorted(set(days))} if starts else {},
    )  # fmt: skip


def _person(actor: Actor, user_id: int) -> str:
    require_own(actor, user_id)
    person = accounts.person(user_id)
    if person is None:
        raise ContactMethodNotFound(_("There is no such person. Choose one from the list of people."))
    return str(person)


def _audited(found: Any) -> list[str]:
    rows = found.order_by("position").values_list("method__channel", "after_minutes")
    return [f"{channel} +{after} min" for channel, after in rows]
