"""Writes of the rules of enrichment: each is a new version of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.algorithms.matching import MatcherError
from steward.algorithms.matching.extraction import extractor
from steward.foundation.actors import Actor
from steward.foundation.database.locks import lock_in_transaction
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.signals.alerts import enrichment, tables
from steward.signals.alerts.enriching import FIELDS, MAX_RULES, BadRule, rule
from steward.signals.alerts.errors import BadRuleGiven, RuleNotFound, VersionNotFound
from steward.signals.alerts.models import EnrichmentVersion, LookupVersion

Document = list[dict[str, Any]]
# The id of a rule that is only tried.
UNSAVED = 0


def rules(actor: Actor) -> Document:
    """The rules in force, in order."""
    actor.require("sources.view")
    return enrichment.document()


def rule_by_id(actor: Actor, rule_id: int) -> dict[str, Any]:
    """One of them. Raises RuleNotFound."""
    return _found(rules(actor), rule_id)


def version(actor: Actor) -> int:
    """The number of the version in force; 0 if there never was a rule."""
    actor.require("sources.view")
    return EnrichmentVersion.objects.order_by("-number").values_list("number", flat=True).first() or 0


def versions(actor: Actor) -> list[EnrichmentVersion]:
    """What the rules were, the newest first."""
    actor.require("sources.view")
    return list(EnrichmentVersion.objects.all()[:50])


def groups(rule: Mapping[str, Any]) -> list[str]:
    """The names that the pattern of a rule brings."""
    try:
        return list(extractor(str(rule.get("pattern", ""))).names)
    except MatcherError:
        return []


def checked(given: Mapping[str, Any]) -> None:
    """Say what is wrong with a rule, its table included. Raises BadRuleGiven."""
    wrong: dict[str, list[str]] = {}
    try:
        rule(given)
    except BadRule as error:
        wrong = {name: [each.said(_) for each in texts] for name, texts in error.fields.items()}
    if given.get("kind") == "lookup" and not wrong:
        wrong = _table_faults(given)
    if wrong:
        raise BadRuleGiven(_("The rule cannot be used."), fields=wrong)


def _table_faults(given: Mapping[str, Any]) -> dict[str, list[str]]:
    found = LookupVersion.objects.filter(table__name=given["table"]).defer("data").first()
    if found is None:
        return {"table": [_("There is no such table.")]}
    wrong = {}
    if set(given["keys"]) != set(found.key):
        text = _("Its rows are found by %(columns)s: give a label for each of these, and no other.")
        wrong["keys"] = [text % {"columns": ", ".join(found.key)}]
    missing = [name for name in given["columns"] if name not in found.columns]
    if missing:
        text = _("The table has no column %(column)s. It has %(columns)s.")
        wrong["columns"] = [text % {"column": missing[0], "columns": ", ".join(found.columns)}]
    return wrong


def cleaned(given: Mapping[str, Any], rule_id: int) -> dict[str, Any]:
    """A rule as it is stored: nothing but what its kind knows."""
    names = FIELDS[given["kind"]]
    found = {name: given[name] for name in names if name in given}
    if isinstance(found.get("match"), str) and not found["match"].strip():
        del found["match"]
    return {**found, "id": rule_id, "enabled": bool(given.get("enabled", True))}


def replace_rules(*, actor: Actor, now: datetime, rules: Sequence[Mapping[str, Any]], note: str = "") -> Document:
    """All rules at once, in this order. One with the id of a rule that is there stays that rule."""

    def change(document: Document) -> Document:
        if len(rules) > MAX_RULES:
            raise BadRuleGiven(_("There may be %(most)s rules.") % {"most": MAX_RULES})
        known, next_id, made = {each["id"] for each in document}, _next_id(document), []
        for number, given in enumerate(rules, 1):
            try:
                checked(given)
            except BadRuleGiven as error:
                fields = {f"rules.{number}.{name}": texts for name, texts in error.fields.items()}
                text = _("Rule %(n)s cannot be used.") % {"n": number}
                raise BadRuleGiven(text, fields=fields) from error
            key = given.get("id")
            if not isinstance(key, int) or key not in known:
                key, next_id = next_id, next_id + 1
            known.discard(key)
            made.append(cleaned(given, key))
        return made

    return _write(actor, now, "enrichment.replace", change, note)


def save_rule(
    *, actor: Actor, now: datetime, given: Mapping[str, Any], rule_id: int | None = None, note: str = ""
) -> dict[str, Any]:
    """Add a rule at the end, or change the one with this id. In force within seconds."""
    made: dict[str, Any] = {}

    def change(document: Document) -> Document:
        checked(given)
        key = rule_id if rule_id is not None else _next_id(document)
        made.update(cleaned(given, key))
        if rule_id is None:
            if len(document) >= MAX_RULES:
                raise BadRuleGiven(_("There may be %(most)s rules.") % {"most": MAX_RULES})
            return [*document, made]
        _found(document, rule_id)
        return [made if each["id"] == rule_id else each for each in document]

    _write(actor, now, "enrichment.save", change, note)
    return made


def switch_rule(*, actor: Actor, now: datetime, rule_id: int, enabled: bool) -> dict[str, Any]:
    """Switch a rule on or off."""
    found = dict(rule_by_id(actor, rule_id))
    return save_rule(actor=actor, now=now, given={**found, "enabled": enabled}, rule_id=rule_id)


def move_rule(*, actor: Actor, now: datetime, rule_id: int, position: int) -> Document:
    """Put a rule at a position, counted from 0; beyond the end is the end."""

    def change(document: Document) -> Document:
        moved = _found(document, rule_id)
        others = [each for each in document if each["id"] != rule_id]
        place = max(0, position)
        return [*others[:place], moved, *others[place:]]

    return _write(actor, now, "enrichment.move", change)


def delete_rule(*, actor: Actor, now: datetime, rule_id: int) -> None:
    """Remove a rule; a restored version brings it back."""

    def change(document: Document) -> Document:
        _found(document, rule_id)
        return [each for each in document if each["id"] != rule_id]

    _write(actor, now, "enrichment.delete", change)


def restore_rules(*, actor: Actor, now: datetime, number: int) -> Document:
    """Make the rules what they were in a version. Refused if they ask a table that is not there any more."""

    def change(_document: Document) -> Document:
        old = EnrichmentVersion.objects.filter(number=number).first()
        if old is None:
            raise VersionNotFound(_("There is no such version."))
        for each in old.document:
            checked(each)
        return list(old.document)

    return _write(actor, now, "enrichment.restore", change, _("version %(n)s again") % {"n": number})


@transaction.atomic
def _write(
    actor: Actor, now: datetime, action: str, change: Callable[[Document], Document], note: str = ""
) -> Document:
    actor.require("sources.manage")
    lock_in_transaction(tables.LOCK)
    newest = EnrichmentVersion.objects.first()
    before = list(newest.document) if newest else []
    after = change(before)
    if after == before:
        return after
    number = newest.number + 1 if newest else 1
    EnrichmentVersion.objects.create(
        number=number, at=now, author=actor.label, note=note.strip()[:300], document=after
    )  # fmt: skip
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("enrichment", number),
        subject_label=_("version %(n)s") % {"n": number}, before={"rules": before}, after={"rules": after},
    )  # fmt: skip
    return after


def _next_id(document: Document) -> int:
    """Never one that was used: histories name rules by it."""
    used = [each["id"] for version in EnrichmentVersion.objects.values_list("document", flat=True) for each in version]
    found: int = max([0, *used, *(each["id"] for each in document)])
    return found + 1


def _found(document: Document, rule_id: int) -> dict[str, Any]:
    found = next((each for each in document if each.get("id") == rule_id), None)
    if found is None:
        raise RuleNotFound(_("There is no such rule."))
    return found
