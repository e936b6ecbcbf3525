"""What is added to alerts between reading and fingerprint: rules in order, each pure and with a word about what it did.

A rule never fails: what it does not find it does not add. Rules are stored as one document, with a version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from steward.algorithms.matching import Matcher, MatcherError, matches_all, parse_matchers
from steward.algorithms.matching.errors import Words
from steward.algorithms.matching.errors import gettext_noop as _
from steward.algorithms.matching.extraction import Extractor, extractor
from steward.signals.alerts.expressions import BadExpression, Expression, expression
from steward.signals.alerts.ingest.sources.common import (
    MAX_ANNOTATION_VALUE,
    MAX_LABEL_VALUE,
    MAX_LABELS,
    MAX_NAME,
    BadAlert,
    Normalised,
    known_by,
    normalised,
)
from steward.signals.alerts.ingest.sources.reading import text

Kind = Literal["lookup", "regex", "jmespath", "service"]
KINDS: tuple[Kind, ...] = ("lookup", "regex", "jmespath", "service")
SERVICE_FIELDS = ("name", "slug", "tier", "owner_team", "item", "item_type", "environment")
_FIELDS = ("id", "name", "kind", "enabled", "target", "overwrite", "sources", "match")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "lookup": (*_FIELDS, "table", "keys", "columns"), "regex": (*_FIELDS, "of", "from", "pattern"),
    "jmespath": (*_FIELDS, "values"), "service": (*_FIELDS, "values"),
}  # fmt: skip
_LABELS_OR = _("labels or annotations")
MAX_RULES = 200
MAX_VALUES = 32


_Faults = dict[str, list[Words]]


class BadRule(Exception):
    """A rule that cannot be used; ``fields`` says what is wrong where. As text it is English."""

    def __init__(self, fields: Mapping[str, list[Words]]) -> None:
        super().__init__("; ".join(f"{name}: {texts[0]}" for name, texts in fields.items()))
        self.fields = dict(fields)


@dataclass(frozen=True, slots=True)
class Table:
    """A lookup table in memory: the values of its key columns → its row."""

    key: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Mapping[tuple[str, ...], tuple[str, ...]]

    def find(self, key: tuple[str, ...]) -> dict[str, str] | None:
        row = self.rows.get(key)
        return None if row is None else dict(zip(self.columns, row, strict=True))


ServiceOf = Callable[[Mapping[str, str]], Mapping[str, str] | None]


@dataclass(frozen=True, slots=True)
class World:
    """What rules may ask: tables by name, and the service that labels belong to."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    service_of: ServiceOf = lambda labels: None


class _Looking(Protocol):
    def __call__(self, labels: Mapping[str, str], given: Normalised, world: World, /) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule ready to run. ``sources`` are those that it is for (none: all), ``match`` what labels must be like, as the
    rules before it left them."""

    id: int
    name: str
    look: _Looking
    target: Literal["labels", "annotations"]
    overwrite: bool
    sources: frozenset[int]
    match: tuple[Matcher, ...] = ()


@dataclass(frozen=True, slots=True)
class Added:
    """What a rule did to one alert."""

    rule_id: int
    rule: str
    target: str
    values: Mapping[str, str]
    kept: tuple[str, ...]  # names that the alert had already, and that the rule must not overwrite


def enriched(given: Normalised, rules: Iterable[Rule], world: World) -> tuple[Normalised, list[Added]]:
    """The alert with what the rules add. It stays known by what the sender brought: a table that changes must not make
    another alert of one that fires; its labels then change while it fires."""
    labels, annotations = dict(given.labels), dict(given.annotations)
    done: list[Added] = []
    for rule in rules:
        if rule.match and not matches_all(rule.match, labels):
            continue
        into = labels if rule.target == "labels" else annotations
        longest = MAX_LABEL_VALUE if rule.target == "labels" else MAX_ANNOTATION_VALUE
        values: dict[str, str] = {}
        kept: list[str] = []
        for name, raw in rule.look(labels, given, world).items():
            value = text(raw, longest)
            if not value or (name not in into and len(into) >= MAX_LABELS):
                continue
            if name in into and not rule.overwrite:
                if into[name] != value:
                    kept.append(name)
                continue
            values[name] = into[name] = value
        if values or kept:
            done.append(Added(rule.id, rule.name, rule.target, values, tuple(kept)))
    if labels == given.labels and annotations == given.annotations:
        return given, done
    return _with(given, labels, annotations), done


_NOTED = 200  # characters of a value that are kept with a transition


def noted(version: int, done: Sequence[Added]) -> dict[str, Any]:
    """What rules did, as it is stored with a transition."""
    rules = [
        {
            "id": each.rule_id, "name": each.rule, "target": each.target,
            "values": {name: value[:_NOTED] for name, value in each.values.items()}, "kept": list(each.kept),
        }
        for each in done
    ]  # fmt: skip
    return {"version": version, "rules": rules}


def _with(given: Normalised, labels: dict[str, str], annotations: dict[str, str]) -> Normalised:
    try:
        made = normalised(
            labels, annotations, given.generator_url, given.starts_at, given.ends_at,
            resolved=given.resolved, expires=given.expires,
        )  # fmt: skip
    except BadAlert:
        return given  # an alert must not be lost for what was to be added to it
    if given.keyed or labels != given.labels:
        return known_by(made, given.fingerprint, folds=given.folds)
    return made


def compiled(document: Sequence[Any]) -> list[Rule]:
    """The rules of a document that are on. Raises BadRule."""
    return [rule(each) for each in document if each.get("enabled", True)]


def rule(value: Mapping[str, Any]) -> Rule:
    """Read one rule. Raises BadRule."""
    wrong: _Faults = {}
    name = str(value.get("name", "")).strip()
    if not 0 < len(name) <= 120:
        wrong["name"] = [Words(_("A name has 1 to 120 characters."))]
    kind = value.get("kind")
    if value.get("target") not in ("labels", "annotations"):
        wrong["target"] = [Words(_LABELS_OR)]
    sources = value.get("sources") or []
    if not isinstance(sources, list) or not all(type(each) is int for each in sources):
        wrong["sources"] = [Words(_("A list of sources' numbers."))]
    match = _match(value, wrong)
    makers = {"lookup": _lookup, "regex": _regex, "jmespath": _jmespath, "service": _service}
    look: _Looking | None = None
    if not isinstance(kind, str) or kind not in makers:
        wrong["kind"] = [Words(_("One of: %(names)s"), names=", ".join(KINDS))]
    else:
        look = makers[kind](value, wrong)
    if wrong or look is None:
        raise BadRule(wrong)
    number = value.get("id")
    known = number if isinstance(number, int) else 0
    return Rule(known, name, look, value["target"], bool(value.get("overwrite")), frozenset(sources), match)


def _match(value: Mapping[str, Any], wrong: _Faults) -> tuple[Matcher, ...]:
    written = value.get("match") or ""
    try:
        return tuple(parse_matchers(written)) if isinstance(written, str) and written.strip() else ()
    except MatcherError as error:
        wrong["match"] = [error.words]
    return ()


def _pairs(value: Mapping[str, Any], field_name: str, wrong: _Faults) -> dict[str, str]:
    given = value.get(field_name)
    if not isinstance(given, dict) or not 0 < len(given) <= MAX_VALUES:
        wrong[field_name] = [Words(_("1 to %(most)s names."), most=MAX_VALUES)]
        return {}
    good = all(
        isinstance(key, str) and isinstance(each, str) and 0 < len(key) <= MAX_NAME and each.strip()
        for key, each in given.items()
    )
    if not good:
        wrong[field_name] = [Words(_("Names have 1 to %(most)s characters, and none is empty."), most=MAX_NAME)]
        return {}
    return given


def _lookup(value: Mapping[str, Any], wrong: _Faults) -> _Looking:
    table_name = value.get("table")
    if not isinstance(table_name, str) or not table_name:
        wrong["table"] = [Words(_("Which table?"))]
    keys, columns = _pairs(value, "keys", wrong), _pairs(value, "columns", wrong)

    def look(labels: Mapping[str, str], _given: Normalised, world: World) -> Mapping[str, Any]:
        table = world.tables.get(str(table_name))
        if table is None or set(table.key) != set(keys):
            return {}
        row = table.find(tuple(labels.get(keys[column], "") for column in table.key))
        return {name: row.get(column, "") for column, name in columns.items()} if row else {}

    return look


def _regex(value: Mapping[str, Any], wrong: _Faults) -> _Looking:
    where, of = value.get("from"), value.get("of", "labels")
    if not isinstance(where, str) or not where:
        wrong["from"] = [Words(_("Which label or annotation?"))]
    if of not in ("labels", "annotations"):
        wrong["of"] = [Words(_LABELS_OR)]
    reading: Extractor | None = None
    try:
        reading = extractor(str(value.get("pattern", "")))
    except MatcherError as error:
        wrong["pattern"] = [error.words]

    def look(labels: Mapping[str, str], given: Normalised, _world: World) -> Mapping[str, Any]:
        found = (labels if of == "labels" else given.annotations).get(str(where), "")
        return (reading.extract(found) if reading else None) or {}

    return look


def _jmespath(value: Mapping[str, Any], wrong: _Faults) -> _Looking:
    written: dict[str, Expression] = {}
    for name, each in _pairs(value, "values", wrong).items():
        try:
            written[name] = expression(each)
        except BadExpression as error:
            wrong.setdefault("values", []).append(Words("%(name)s: %(error)s", name=name, error=error))

    def look(labels: Mapping[str, str], given: Normalised, _world: World) -> Mapping[str, Any]:
        alert = {
            "labels": dict(labels), "annotations": given.annotations, "name": given.name, "severity": given.severity,
            "status": "resolved" if given.resolved else "firing", "url": given.generator_url,
        }  # fmt: skip
        found = {}
        for name, each in written.items():
            try:
                found[name] = each.find(alert, alert)
            except BadExpression:
                continue
        return found

    return look


def _service(value: Mapping[str, Any], wrong: _Faults) -> _Looking:
    wanted = _pairs(value, "values", wrong)
    if any(each not in SERVICE_FIELDS for each in wanted.values()):
        wrong["values"] = [Words(_("What a service or an item has: %(names)s"), names=", ".join(SERVICE_FIELDS))]

    def look(labels: Mapping[str, str], _given: Normalised, world: World) -> Mapping[str, Any]:
        service = world.service_of(labels)
        return {name: service.get(each, "") for name, each in wanted.items()} if service else {}

    return look
