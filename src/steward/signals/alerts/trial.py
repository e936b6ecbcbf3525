"""Trying out how payloads are read, without storing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from steward.signals.alerts import storing
from steward.signals.alerts.enriching import Added, Rule, World, enriched
from steward.signals.alerts.ingest.sources import Normalised, TooManyAlerts, Unreadable, reader_of
from steward.signals.alerts.ingest.sources.generic.mapping import BadMapping, Compiled, compiled

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Request:
    """A request to try on."""

    at: datetime
    endpoint: str
    context: Mapping[str, Any]
    body: bytes


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one request: its alerts, or why there are none. ``errors`` are those of single alerts; without a
    ``number`` it was not read."""

    request: Request
    alerts: Sequence[Normalised]
    errors: Sequence[str]
    number: int | None


@dataclass(frozen=True, slots=True)
class Enriched:
    """What rules made of one alert."""

    before: Normalised
    alert: Normalised
    added: Sequence[Added]
    passed: Sequence[str] = ()  # the names of the rules that did nothing

    @property
    def labels(self) -> list[tuple[str, str, str]]:
        """Labels and annotations that are not as they were: name, before, after."""
        return _different(self.before.labels, self.alert.labels)

    @property
    def annotations(self) -> list[tuple[str, str, str]]:
        return _different(self.before.annotations, self.alert.annotations)


def _different(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [(name, before.get(name, ""), value) for name, value in after.items() if before.get(name) != value]


def mapped(document: Any, requests: Sequence[Request]) -> tuple[dict[str, list[str]], list[Result]]:
    """What a mapping makes of requests; or what is wrong with it, by field."""
    try:
        mapping = compiled(document)
    except BadMapping as error:
        return error.fields, []
    return {}, [read(each, mapping, path="json") for each in requests]


def read(request: Request, mapping: Compiled | None, path: str = "") -> Result:
    """What a request's own parser makes of it."""
    reader = reader_of(path or request.endpoint)
    received = storing.again(request.body, request.at, request.endpoint, request.context, mapping)
    try:
        if reader is None:
            raise Unreadable(f"Nothing reads what comes to {request.endpoint}.")
        parsed = reader[1](received)
    except (Unreadable, TooManyAlerts) as error:
        return Result(request, [], [str(error)], 0)
    errors = list(dict.fromkeys(bad.error for bad in parsed.bad))
    return Result(request, parsed.good[:SHOWN], errors, len(parsed.good))


def enrich(found: Sequence[Normalised], rules: Sequence[Rule], world: World) -> list[Enriched]:
    """What rules add to alerts."""
    made = []
    for each in found:
        # The rules may mark what they get (what it is known by), and what it was is shown too.
        after, added = enriched(replace(each), rules, world)
        did = {one.rule_id for one in added}
        made.append(Enriched(each, after, added, [one.name for one in rules if one.id not in did]))
    return made
