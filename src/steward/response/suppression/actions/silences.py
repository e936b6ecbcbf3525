"""Writing silences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.algorithms.matching import Matcher, format_matchers, to_json
from steward.foundation.actors import Actor
from steward.foundation.due import registry
from steward.foundation.events import publish
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.suppression import rules
from steward.response.suppression.actions.planning import (
    CLOCK_FIELDS,
    PLAN_FIELDS,
    Plan,
    Problems,
    author_of,
    check_matchers,
    check_plan,
    clean_text,
    plan_of,
    put,
    settle,
    stamp,
)
from steward.response.suppression.errors import SilenceInvalid, SilenceNotFound, SilenceOver
from steward.response.suppression.events import SuppressionChanged
from steward.response.suppression.models import Silence

DUE_KIND = "suppression.silence"
LONGEST_NOTICE = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Wish:
    """A silence as a door asks for it."""

    matchers: Sequence[Matcher]
    comment: str
    plan: Plan
    notice_minutes: int | None = None


@transaction.atomic
def create_silence(
    *, actor: Actor, now: datetime, wish: Wish, source_id: int | None = None, author: str = ""
) -> Silence:
    """Make a silence. A start that has passed becomes now, as in Alertmanager, unless it recurs: then the rule counts
    from it. With a ``source_id`` it holds alerts of that source only."""
    actor.require("silences.manage")
    wish = _checked(wish, now)
    made = _insert(actor, now, wish, source_id, author)
    _record(actor, now, "silence.create", made, after=_audited(made))
    _tell(made, now)
    return made


@transaction.atomic
def update_silence(
    *, actor: Actor, now: datetime, silence_id: int, wish: Wish, version: int | None = None, author: str = ""
) -> Silence:
    """Change a silence that is not over. What it held must stay explainable, so, as in Alertmanager, other matchers or
    another start of an active one expire it and make a new one, which is returned."""
    actor.require("silences.manage")
    silence = _locked(actor, silence_id)
    _require_open(silence, now)
    if version is not None and silence.version != version:
        raise SilenceOver(_("Somebody else has changed this silence. Look at it again, then edit it."))
    wish = replace(wish, plan=wish.plan.tidied())
    wish = _checked(wish, now, known=silence)
    if not rules.editable(silence.parsed, wish.matchers, silence.starts_at, wish.plan.starts_at, now):
        if not wish.plan.rrule:
            wish = replace(wish, plan=replace(wish.plan, starts_at=max(wish.plan.starts_at, now)))
        made = _insert(actor, now, wish, silence.source_id, author)
        _expire(silence, now, replaced_by=made)
        _record(actor, now, "silence.replace", silence, after={"replaced_by": made.pk})
        _record(actor, now, "silence.create", made, after={**_audited(made), "replaces": silence.pk})
        _tell(made, now)
        return made
    before = _audited(silence)
    put(silence, wish.plan)
    silence.comment, silence.notice_minutes, silence.noticed_at = wish.comment, wish.notice_minutes, None
    silence.version, silence.updated_at = silence.version + 1, now
    _settle(silence, now, edited=True)
    fields = [*PLAN_FIELDS, *CLOCK_FIELDS, "comment", "notice_minutes", "version", "updated_at"]
    silence.save(update_fields=fields)
    _record(actor, now, "silence.update", silence, before=before, after=_audited(silence))
    _tell(silence, now)
    return silence


@transaction.atomic
def expire_silence(*, actor: Actor, now: datetime, silence_id: int) -> Silence:
    """End a silence now; what it holds is judged again at once."""
    actor.require("silences.manage")
    silence = _locked(actor, silence_id)
    _require_open(silence, now)
    before = _audited(silence)
    _expire(silence, now)
    _record(actor, now, "silence.expire", silence, before=before, after=_audited(silence))
    return silence


def _expire(silence: Silence, now: datetime, replaced_by: Silence | None = None) -> None:
    silence.starts_at, silence.ends_at = min(silence.starts_at, now), now
    silence.version, silence.updated_at, silence.replaced_by = silence.version + 1, now, replaced_by
    _settle(silence, now)
    fields = ["starts_at", "ends_at", "version", "updated_at", "replaced_by", *CLOCK_FIELDS]
    silence.save(update_fields=fields)
    _tell(silence, now)


def _insert(actor: Actor, now: datetime, wish: Wish, source_id: int | None, author: str) -> Silence:
    user_id, label = author_of(actor)
    made = Silence(
        matchers=to_json(wish.matchers), comment=wish.comment, source_id=source_id, created_by_id=user_id,
        author=clean_text(author, 200) or label, notice_minutes=wish.notice_minutes, created_at=now, updated_at=now,
    )  # fmt: skip
    put(made, wish.plan)
    _settle(made, now, edited=True)
    made.save(force_insert=True)
    return made


def _settle(silence: Silence, now: datetime, *, edited: bool = False) -> None:
    notice = timedelta(minutes=silence.notice_minutes) if silence.notice_minutes else None
    if edited and notice is not None and silence.ends_at is not None and silence.ends_at - notice <= now:
        silence.noticed_at = now  # whoever has just written this end needs no notice of it
    settle(silence, now, notice)


def _tell(silence: Silence, now: datetime) -> None:
    stamp()
    registry.wake(DUE_KIND)
    publish(SuppressionChanged(rules.SILENCE, silence.pk, now))


def _locked(actor: Actor, silence_id: int) -> Silence:
    found: Silence | None = Silence.objects.visible_to(actor).select_for_update().filter(pk=silence_id).first()
    if found is None:
        raise SilenceNotFound(_("There is no such silence, or you may not see it."))
    return found


def _require_open(silence: Silence, now: datetime) -> None:
    if (silence.ends_at is not None and silence.ends_at <= now) or silence.run is None:
        raise SilenceOver(_("This silence is over. Make a new one like it instead."))


def _checked(wish: Wish, now: datetime, known: Silence | None = None) -> Wish:
    """The wish as it is stored; SilenceInvalid with everything that is wrong with it."""
    plan = wish.plan.tidied()
    if not plan.rrule and plan.starts_at.tzinfo is not None and plan.starts_at < now:
        # An active one keeps its own start; any other start that has passed means now.
        same = known is not None and abs(known.starts_at - plan.starts_at) < timedelta(minutes=1)
        plan = replace(plan, starts_at=known.starts_at if known is not None and same else now)
    problems: Problems = check_plan(plan, now)
    if wrong := check_matchers(wish.matchers):
        problems["matchers"] = wrong
    elif not rules.restrains(wish.matchers):
        problems["matchers"] = [
            _("At least one matcher must ask for a label that is there, or the silence would hold everything.")
        ]
    comment = clean_text(wish.comment)
    if not comment:
        problems["comment"] = [_("Say why, for whoever wonders about it at night.")]
    if wish.notice_minutes is not None and not 0 <= wish.notice_minutes <= LONGEST_NOTICE:
        problems["notice_minutes"] = [_("A notice comes at most a week before the end.")]
    if problems:
        raise SilenceInvalid(next(iter(problems.values()))[0], fields=problems)
    return replace(wish, plan=plan, comment=comment, matchers=tuple(wish.matchers))


def _audited(silence: Silence) -> dict[str, Any]:
    plan = plan_of(silence)
    return {
        "matchers": format_matchers(silence.parsed), "comment": silence.comment,
        "starts_at": plan.starts_at.isoformat(), "ends_at": plan.ends_at.isoformat() if plan.ends_at else None,
        "rrule": plan.rrule, "duration": str(plan.duration) if plan.duration else None, "time_zone": plan.time_zone,
        "notice_minutes": silence.notice_minutes, "source": silence.source_id, "version": silence.version,
    }  # fmt: skip


def _record(
    actor: Actor, now: datetime, action: str, silence: Silence, *,
    before: dict[str, Any] | None = None, after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("silence", silence.pk), subject_label=str(silence),
        before=before, after=after,
    )  # fmt: skip
