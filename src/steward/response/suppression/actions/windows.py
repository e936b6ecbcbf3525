"""Writing maintenance windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from steward.algorithms.matching import Matcher, format_matchers, to_json
from steward.estate.configuration import queries as configuration
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
    Settled,
    author_of,
    check_matchers,
    check_plan,
    clean_text,
    plan_of,
    put,
    settle,
    stamp,
)
from steward.response.suppression.errors import WindowInvalid, WindowNotFound, WindowOver
from steward.response.suppression.events import MaintenanceEnded, SuppressionChanged
from steward.response.suppression.models import MaintenanceWindow

DUE_KIND = "suppression.window"
MOST_CHOSEN = 500


@dataclass(frozen=True, slots=True)
class Work:
    """A maintenance window as a door asks for it."""

    title: str
    plan: Plan
    service_ids: Sequence[int] = ()
    item_ids: Sequence[int] = ()
    dependants: bool = False
    matchers: Sequence[Matcher] = ()
    reason: str = ""
    link: str = ""


@transaction.atomic
def create_window(*, actor: Actor, now: datetime, work: Work) -> MaintenanceWindow:
    """Plan maintenance; a start that has passed becomes now unless it recurs."""
    actor.require("maintenance.manage")
    work, names = _checked(actor, work, now)
    user_id, label = author_of(actor)
    made = MaintenanceWindow(created_by_id=user_id, author=label, created_at=now, updated_at=now)
    _write(made, work, names)
    settled = settle(made, now)
    made.save(force_insert=True)
    _set_scope(made, work)
    _record(actor, now, "maintenance.create", made, after=_audited(made))
    _tell(made, now, settled)
    return made


@transaction.atomic
def update_window(
    *, actor: Actor, now: datetime, window_id: int, work: Work, version: int | None = None
) -> MaintenanceWindow:
    """Change a window that is not over; what it holds is judged again at once."""
    actor.require("maintenance.manage")
    window = _locked(actor, window_id)
    _require_open(window, now)
    if version is not None and window.version != version:
        raise WindowOver(_("Somebody else has changed this maintenance. Look at it again, then edit it."))
    before = _audited(window)
    work, names = _checked(actor, work, now, known=window)
    _write(window, work, names)
    window.version, window.updated_at = window.version + 1, now
    settled = settle(window, now)
    window.save(
        update_fields=[
            *PLAN_FIELDS, *CLOCK_FIELDS, "title", "reason", "link", "dependants", "matchers", "scope_names",
            "version", "updated_at",
        ]
    )  # fmt: skip
    _set_scope(window, work)
    _record(actor, now, "maintenance.update", window, before=before, after=_audited(window))
    _tell(window, now, settled)
    return window


@transaction.atomic
def end_window(*, actor: Actor, now: datetime, window_id: int) -> MaintenanceWindow:
    """End a window for good, now: a running one early, a coming one before it began."""
    actor.require("maintenance.manage")
    window = _locked(actor, window_id)
    _require_open(window, now)
    window.starts_at = min(window.starts_at, now)
    return _move_end(actor, window, now, now, "maintenance.end")


@transaction.atomic
def extend_window(*, actor: Actor, now: datetime, window_id: int, until: datetime) -> MaintenanceWindow:
    """Let a window that does not recur go on until later."""
    actor.require("maintenance.manage")
    window = _locked(actor, window_id)
    _require_open(window, now)
    if window.rrule:
        raise WindowInvalid(_("This maintenance recurs. Edit how long each occurrence lasts instead."))
    problems = check_plan(replace(plan_of(window), ends_at=until), now)
    if not problems and window.ends_at is not None and until <= window.ends_at:
        problems = {"ends_at": [_("Choose an end after the present one, or end it early.")]}
    if problems:
        raise WindowInvalid(next(iter(problems.values()))[0], fields=problems)
    return _move_end(actor, window, now, until, "maintenance.extend")


def _move_end(
    actor: Actor, window: MaintenanceWindow, now: datetime, until: datetime, action: str
) -> MaintenanceWindow:
    before = {"ends_at": window.ends_at.isoformat() if window.ends_at else None}
    window.ends_at, window.version, window.updated_at = until, window.version + 1, now
    settled = settle(window, now)
    window.save(update_fields=["starts_at", "ends_at", "version", "updated_at", *CLOCK_FIELDS])
    _record(actor, now, action, window, before=before, after={"ends_at": until.isoformat()})
    _tell(window, now, settled)
    return window


def _tell(window: MaintenanceWindow, now: datetime, settled: Settled) -> None:
    stamp()
    registry.wake(DUE_KIND)
    publish(SuppressionChanged(rules.MAINTENANCE, window.pk, now))
    if settled.ended:
        publish(MaintenanceEnded(window.pk, now))


def _locked(actor: Actor, window_id: int) -> MaintenanceWindow:
    found = MaintenanceWindow.objects.visible_to(actor).select_for_update().filter(pk=window_id).first()
    if found is None:
        raise WindowNotFound(_("There is no such maintenance, or you may not see it."))
    return found  # type: ignore[no-any-return]


def _require_open(window: MaintenanceWindow, now: datetime) -> None:
    if (window.ends_at is not None and window.ends_at <= now) or window.run is None:
        raise WindowOver(_("This maintenance is over. Plan a new one like it instead."))


def _checked(actor: Actor, work: Work, now: datetime, known: MaintenanceWindow | None = None) -> tuple[Work, list[str]]:
    """The work as it is stored and the names of what was chosen; WindowInvalid with everything that is wrong."""
    plan = work.plan.tidied()
    if not plan.rrule and plan.starts_at.tzinfo is not None and plan.starts_at < now:
        plan = replace(plan, starts_at=min(known.starts_at, now) if known else now)
    problems: Problems = check_plan(plan, now)
    title, link = clean_text(work.title, 200), clean_text(work.link, 500)
    if not title:
        problems["title"] = [_("Say in a few words what is done.")]
    if link and urlsplit(link).scheme not in ("http", "https"):
        problems["link"] = [_("A link begins with http:// or https://.")]
    if wrong := check_matchers(work.matchers):
        problems["matchers"] = wrong
    services = list(configuration.services(actor).filter(pk__in=work.service_ids))
    items = list(configuration.items(actor).filter(pk__in=work.item_ids))
    if len(services) < len(set(work.service_ids)) or len(items) < len(set(work.item_ids)):
        problems["services"] = [_("Choose services and items that there are.")]
    elif not services and not items:
        problems["services"] = [_("Choose at least one service or item: everything else keeps paging.")]
    elif len(services) + len(items) > MOST_CHOSEN:
        problems["services"] = [_("Choose at most %(count)s services and items.") % {"count": MOST_CHOSEN}]
    if problems:
        raise WindowInvalid(next(iter(problems.values()))[0], fields=problems)
    names = [each.name for each in services] + [each.name for each in items]
    return replace(work, plan=plan, title=title, link=link, reason=clean_text(work.reason)), names


def _write(window: MaintenanceWindow, work: Work, names: list[str]) -> None:
    put(window, work.plan)
    window.title, window.reason, window.link, window.dependants = work.title, work.reason, work.link, work.dependants
    window.matchers, window.scope_names = to_json(work.matchers), sorted(names)


def _set_scope(window: MaintenanceWindow, work: Work) -> None:
    window.services.set(set(work.service_ids))
    window.items.set(set(work.item_ids))


def _audited(window: MaintenanceWindow) -> dict[str, Any]:
    plan = plan_of(window)
    return {
        "title": window.title, "reason": window.reason, "link": window.link, "scope": window.scope_names,
        "dependants": window.dependants, "matchers": format_matchers(window.parsed) if window.matchers else "",
        "starts_at": plan.starts_at.isoformat(), "ends_at": plan.ends_at.isoformat() if plan.ends_at else None,
        "rrule": plan.rrule, "duration": str(plan.duration) if plan.duration else None, "time_zone": plan.time_zone,
        "version": window.version,
    }  # fmt: skip


def _record(
    actor: Actor, now: datetime, action: str, window: MaintenanceWindow, *,
    before: dict[str, Any] | None = None, after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("maintenance", window.pk),
        subject_label=window.title, before=before, after=after,
    )  # fmt: skip
