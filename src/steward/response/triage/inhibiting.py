"""Writes of inhibition rules, time intervals and the settings of the whole pipeline, by people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.algorithms.intervals import IntervalError
from steward.algorithms.intervals import parse as parse_interval
from steward.algorithms.matching import MatcherError, from_json, parse_matchers, to_json
from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.triage import judging
from steward.response.triage.document import changed
from steward.response.triage.errors import BadRoute, RouteNotFound, TimesInUse
from steward.response.triage.models import Hold, InhibitionRule, InhibitionSource, Settings, TimeInterval
from steward.response.triage.queries import using
from steward.response.triage.sources import fill_sources

ONLY = 1
LONGEST = 7 * 24 * 3600


@transaction.atomic
def save_inhibition(
    *, actor: Actor, now: datetime, rule_id: int | None = None, name: str, source: Any, target: Any,
    equal: Iterable[str] = (), enabled: bool = True,
) -> InhibitionRule:  # fmt: skip
    """Make or change an inhibition rule; matchers as text in Alertmanager's syntax or a list of objects. What fires now
    counts for it at once."""
    actor.require("routes.manage")
    rule = InhibitionRule() if rule_id is None else _rule(rule_id)
    before = {} if rule_id is None else _shown(rule)
    rule.name = name.strip()
    if not rule.name or len(rule.name) > 120:
        raise _bad("name", _("Write a name of at most 120 characters."))
    if InhibitionRule.objects.filter(name=rule.name).exclude(pk=rule.pk).exists():
        raise _bad("name", _("Another inhibition rule has this name."))
    rule.source_matchers, rule.target_matchers = _matchers("source", source), _matchers("target", target)
    rule.equal = list(dict.fromkeys(each.strip() for each in equal if each.strip()))
    rule.enabled = enabled
    if rule_id is not None and before == _shown(rule):
        return rule
    rule.version += 1 if rule_id is not None else 0
    rule.save()
    _settle(rule, now)
    action = "inhibition.create" if rule_id is None else "inhibition.update"
    _record(actor, now, action, "inhibition", rule, before, _shown(rule))
    changed(actor=actor, now=now)
    return rule


@transaction.atomic
def delete_inhibition(*, actor: Actor, now: datetime, rule_id: int) -> None:
    """Remove a rule; what it held is judged anew."""
    actor.require("routes.manage")
    rule = _rule(rule_id)
    _record(actor, now, "inhibition.delete", "inhibition", rule, _shown(rule), {})
    Hold.objects.filter(kind="inhibition", ref_id=rule.pk).update(due_at=now, leased_until=None)
    rule.delete()
    changed(actor=actor, now=now)


def _settle(rule: InhibitionRule, now: datetime) -> None:
    """The firing alerts on its source side as they are by the new version; what it held is judged anew."""
    InhibitionSource.objects.filter(rule=rule).delete()
    if rule.enabled:
        fill_sources(rule)
        judging.look_again(now)
    Hold.objects.filter(kind="inhibition", ref_id=rule.pk).update(due_at=now, leased_until=None)


@transaction.atomic
def save_interval(*, actor: Actor, now: datetime, name: str, spec: Any, new: bool = False) -> TimeInterval:
    """Make or change a named time interval, in the form of Alertmanager's ``time_intervals``. ``new``: there must not
    be one of this name."""
    actor.require("routes.manage")
    if not name.strip() or len(name.strip()) > 120:
        raise _bad("name", _("Write a name of at most 120 characters."))
    try:
        parse_interval(spec)
    except IntervalError as error:
        raise _bad("spec", error.words.said(_)) from error
    found = TimeInterval.objects.select_for_update().filter(name=name.strip()).first()
    if found and new:
        raise _bad("name", _("Other times have this name."))
    interval = found or TimeInterval(name=name.strip())
    before = {"spec": interval.spec} if found else {}
    interval.spec = spec
    interval.version += 1 if found else 0
    interval.save()
    action = "timeinterval.update" if found else "timeinterval.create"
    _record(actor, now, action, "timeinterval", interval, before, {"spec": spec})
    changed(actor=actor, now=now)
    return interval


@transaction.atomic
def delete_interval(*, actor: Actor, now: datetime, interval_id: int) -> None:
    """Remove a named time interval that no route uses."""
    actor.require("routes.manage")
    interval = TimeInterval.objects.select_for_update().filter(pk=interval_id).first()
    if interval is None:
        raise RouteNotFound(_("There are no such times."))
    if users := using(interval.name):
        text = _("Routes use these times: %(names)s. Take them out there first.")
        raise TimesInUse(text % {"names": ", ".join(users)})
    _record(actor, now, "timeinterval.delete", "timeinterval", interval, {"spec": interval.spec}, {})
    interval.delete()
    changed(actor=actor, now=now)


@transaction.atomic
def save_settings(*, actor: Actor, now: datetime, **values: Any) -> Settings:
    """Change what holds for the whole pipeline: flap detection and topology."""
    actor.require("routes.manage")
    Settings.objects.get_or_create(pk=ONLY)
    settings = Settings.objects.select_for_update().get(pk=ONLY)
    names = ("flap_changes", "flap_window", "flap_quiet", "topology", "topology_delay")
    before = {name: getattr(settings, name) for name in names}
    for name, value in values.items():
        if name not in names:
            raise BadRoute(_("Unknown: %(names)s") % {"names": name})
        if name != "topology" and not 0 <= value <= LONGEST:
            raise _bad(name, _("Between 0 and %(longest)s.") % {"longest": LONGEST})
        setattr(settings, name, value)
    after = {name: getattr(settings, name) for name in names}
    if after != before:
        settings.save(update_fields=list(names))
        audit.record(
            actor=actor, now=now, action="pipeline.update", subject=SubjectRef("pipeline", ONLY),
            subject_label=_("alert pipeline"), before=before, after=after,
        )  # fmt: skip
        changed(actor=actor, now=now)
    return settings


def _rule(rule_id: int) -> InhibitionRule:
    found = InhibitionRule.objects.select_for_update().filter(pk=rule_id).first()
    if found is None:
        raise RouteNotFound(_("There is no such inhibition rule."))
    return found


def _matchers(field: str, given: Any) -> list[dict[str, str]]:
    try:
        found = parse_matchers(given) if isinstance(given, str) else from_json(given)
    except MatcherError as error:
        raise _bad(field, error.words.said(_)) from error
    if not found:
        raise _bad(field, _("Write at least one matcher; without one it would take every alert."))
    return to_json(found)


def _shown(rule: InhibitionRule) -> dict[str, Any]:
    names = ("name", "enabled", "source_matchers", "target_matchers", "equal")
    return {name: getattr(rule, name) for name in names}


def _bad(field: str, text: str) -> BadRoute:
    return BadRoute(text, fields={field: [text]})


def _record(
    actor: Actor, now: datetime, action: str, kind: str, row: Any, before: dict[str, Any], after: dict[str, Any]
) -> None:
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef(kind, row.pk), subject_label=row.name, before=before,
        after=after,
    )  # fmt: skip
