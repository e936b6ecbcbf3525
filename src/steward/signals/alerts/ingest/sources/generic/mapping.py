"""The mapping of a source of any JSON: expressions that say where in a payload the alerts and their parts are.

    {"alerts": "items[?type=='Warning']", "labels": {"alertname": "reason"}, "more_labels": "metadata.labels",
     "annotations": {"summary": "message"}, "severity": "type", "status": "state", "resolved": ["ok"],
     "starts_at": "…", "ends_at": "…", "url": "…", "key": "…", "expires_in": 3600}

Everything but ``labels`` (or ``more_labels``) may be left out. Pure; what is wrong names the field that it is wrong in.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson

from steward.signals.alerts.expressions import BadExpression, Expression, expression
from steward.signals.alerts.ingest.sources.common import (
    Bad,
    BadAlert,
    Normalised,
    Parsed,
    Received,
    Unreadable,
    listed,
    read_json,
)
from steward.signals.alerts.ingest.sources.reading import alert, keyed_alert, text

log = logging.getLogger(__name__)
SINGLE = ("alerts", "more_labels", "more_annotations", "severity", "status", "starts_at", "ends_at", "url", "key")
NAMED = ("labels", "annotations")
FIELDS = (*SINGLE, *NAMED, "resolved", "expires_in")
MAX_NAMED = 64
MAX_WORDS = 50
MAX_EXPIRES = 31 * 24 * 3600


class BadMapping(Exception):
    """A mapping that cannot be used; ``fields`` says what is wrong where."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {texts[0]}" for name, texts in fields.items()))
        self.fields = dict(fields)


class BadField(BadAlert):
    """An expression that fails on one alert."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.field = name


@dataclass(frozen=True, slots=True)
class Compiled:
    """A mapping ready to read payloads."""

    single: Mapping[str, Expression]
    named: Mapping[str, Mapping[str, Expression]]
    resolved: frozenset[str]
    expires_in: int | None = None

    def read(self, received: Received) -> Parsed:
        """The alerts of a request; one that fails does not stop the others."""
        body = read_json(received.body)
        query = dict(parse_qsl(received.query))
        values = self._alerts(body, query)
        # Only where the body itself is the list do some of its alerts make a body again.
        parsed = Parsed(repack=list if "alerts" not in self.single and isinstance(body, list) else None)
        for value in values:
            try:
                parsed.good.append(self._one(_Looking(self, value, body, query), received.now))
            except BadAlert as error:
                parsed.bad.append(Bad(value, str(error)))
        return parsed

    def _alerts(self, body: Any, query: Mapping[str, str]) -> list[Any]:
        where = self.single.get("alerts")
        try:
            found = where.find(body, body, query) if where else body
        except BadExpression as error:
            raise Unreadable(f"alerts: {error}") from error
        if found is None:
            raise Unreadable("alerts: the expression finds nothing in this payload.")
        return listed(found if isinstance(found, list) else [found], "What the expression for the alerts finds")

    def _one(self, at: _Looking, now: datetime) -> Normalised:
        labels = {**at.all_of("more_labels"), **at.each_of("labels")}
        if severity := text(at.one("severity")):
            labels["severity"] = severity
        resolved = text(at.one("status")).strip().lower() in self.resolved if "status" in self.single else False
        parts: dict[str, Any] = {
            "resolved": resolved, "now": now, "url": at.one("url"), "starts_at": at.one("starts_at"),
            "ends_at": at.one("ends_at"),
        }  # fmt: skip
        annotations = {**at.all_of("more_annotations"), **at.each_of("annotations")}
        if "key" in self.single:
            key = text(at.one("key"))
            if not key:
                raise BadField("key", "the expression finds nothing.")
            given = keyed_alert(key, labels, annotations, **parts)
        else:
            given = alert(labels, annotations, **parts)
        if not resolved:
            # Where nothing says that it is over, silence does.
            given.expires = self.expires_in or (None if "status" in self.single else "timeout")
        return given


@dataclass(slots=True)
class _Looking:
    """Where expressions look."""

    mapping: Compiled
    value: Any
    body: Any
    query: Mapping[str, str] = field(default_factory=dict)

    def one(self, name: str) -> Any:
        wanted = self.mapping.single.get(name)
        return None if wanted is None else self._find(name, wanted)

    def each_of(self, name: str) -> dict[str, Any]:
        wanted = self.mapping.named.get(name, {})
        return {key: self._find(f"{name}.{key}", where) for key, where in wanted.items()}

    def all_of(self, name: str) -> dict[str, Any]:
        found = self.one(name)
        if found is not None and not isinstance(found, dict):
            raise BadField(name, "the expression must find an object.")
        return found or {}

    def _find(self, name: str, where: Expression) -> Any:
        try:
            return where.find(self.value, self.body, self.query)
        except BadExpression as error:
            raise BadField(name, str(error)) from error


def compiled(document: Any) -> Compiled:
    """Read a mapping. Raises BadMapping."""
    if not isinstance(document, dict):
        raise BadMapping({"labels": ["A mapping is an object."]})
    wrong: dict[str, list[str]] = {}
    for name in sorted(set(document) - set(FIELDS)):
        wrong[str(name)] = ["There is no such field; there are " + ", ".join(FIELDS) + "."]
    single = {name: _tried(name, document[name], wrong) for name in SINGLE if document.get(name)}
    named = {name: _named(name, document.get(name) or {}, wrong) for name in NAMED}
    if not named["labels"] and "more_labels" not in single:
        wrong.setdefault("labels", ["An alert needs at least one label."])
    resolved = _words(document.get("resolved"), "status" in single, wrong)
    expires = document.get("expires_in")
    if expires is not None and (type(expires) is not int or not 1 <= expires <= MAX_EXPIRES):
        wrong["expires_in"] = [f"A whole number of seconds from 1 to {MAX_EXPIRES}."]
    if wrong:
        raise BadMapping(wrong)
    found = {name: each for name, each in single.items() if each is not None}
    return Compiled(found, named, resolved, expires)


def _words(given: Any, wanted: bool, wrong: dict[str, list[str]]) -> frozenset[str]:
    words = given or []
    if not isinstance(words, list) or len(words) > MAX_WORDS or not all(isinstance(each, str) for each in words):
        wrong["resolved"] = [f"A list of at most {MAX_WORDS} words."]
        return frozenset()
    found = frozenset(each.strip().lower() for each in words if each.strip())
    if wanted and not found:
        wrong["resolved"] = ["Say which words mean that it is over."]
    return found


def _tried(name: str, given: Any, wrong: dict[str, list[str]]) -> Expression | None:
    try:
        if not isinstance(given, str):
            raise BadExpression("An expression is a text.")
        return expression(given)
    except BadExpression as error:
        wrong.setdefault(name, []).append(str(error))
        return None


def _named(name: str, given: Any, wrong: dict[str, list[str]]) -> dict[str, Expression]:
    if not isinstance(given, dict) or len(given) > MAX_NAMED:
        wrong[name] = [f"An object of at most {MAX_NAMED} names with their expressions."]
        return {}
    found: dict[str, Expression] = {}
    for key, written in given.items():
        problem: dict[str, list[str]] = {}
        read = _tried(name, written, problem)
        if read is None or not 0 < len(key) <= 200:
            texts = problem.get(name, ["A name has 1 to 200 characters."])
            wrong.setdefault(name, []).extend(f"{key}: {each}" for each in texts)
        else:
            found[key] = read
    return found


@lru_cache(maxsize=512)
def remembered(document: str) -> Compiled | None:
    """The mapping of a source as the door has it; none for a text that is none or cannot be used (any more)."""
    if not document or document == "null":
        return None
    try:
        return compiled(orjson.loads(document))
    except (BadMapping, orjson.JSONDecodeError) as error:
        log.error("a source's mapping cannot be used: %s", error)
        return None
