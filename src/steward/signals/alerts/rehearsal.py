"""Rules of enrichment tried on what came last, without storing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steward.foundation.actors import Actor
from steward.signals.alerts import enrichment, queries, rulebook, trial
from steward.signals.alerts.models import LastPayload, Source

PAYLOADS = 8
ALERTS = 20


@dataclass(frozen=True, slots=True)
class Tried:
    """What rules made of one request of a source."""

    source: Source
    request: trial.Request
    alerts: Sequence[trial.Enriched]


def draft(actor: Actor, given: Mapping[str, Any], rule_id: int | None) -> list[dict[str, Any]]:
    """The rules up to and with the one that is written, as if it were on: later ones would hide what it does."""
    rulebook.checked(given)
    document = rulebook.rules(actor)
    place = next((n for n, each in enumerate(document) if each["id"] == rule_id), len(document))
    made = rulebook.cleaned({**given, "enabled": True}, rule_id or rulebook.UNSAVED)
    return [*document[:place], made]


def tried(actor: Actor, rules: Sequence[Mapping[str, Any]], source_ids: Sequence[int] = ()) -> list[Tried]:
    """These rules on the last requests, of these sources or of all. At most twenty alerts."""
    live = enrichment.live(rules)
    found: list[Tried] = []
    left = ALERTS
    for payload in _last(actor, source_ids):
        concerned = [each for each in live.rules if not each.sources or payload.source_id in each.sources]
        request = trial.Request(payload.at, payload.endpoint, payload.context, bytes(payload.raw))
        read = trial.read(request, queries.reading_of(payload.source))
        alerts = trial.enrich(read.alerts[:left], concerned, live.world)
        if alerts:
            found.append(Tried(payload.source, request, alerts))
        left -= len(alerts)
        if not left:
            break
    return found


def _last(actor: Actor, source_ids: Sequence[int]) -> list[LastPayload]:
    last = LastPayload.objects.visible_to(actor).select_related("source")
    if source_ids:
        last = last.filter(source__in=source_ids)
    # Some of them may be too long to be kept.
    return [each for each in last[: 2 * PAYLOADS] if each.is_kept][:PAYLOADS]
