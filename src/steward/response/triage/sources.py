"""The source side of an inhibition rule, as what fires now makes it."""

from __future__ import annotations

from steward.algorithms.matching import matches_all
from steward.response.triage import configuration, rules
from steward.response.triage.models import InhibitionRule, InhibitionSource
from steward.signals.alerts import queries as alerts

AT_ONCE = 2_000


def fill_sources(rule: InhibitionRule) -> None:
    """Write which firing alerts are on the rule's source side."""
    spec = configuration.inhibition(rule)
    rows: list[InhibitionSource] = []
    for alert_id, labels in alerts.firing_labels():
        if matches_all(spec.source, labels):
            key = rules.inhibition_key(spec.equal, labels)
            rows.append(InhibitionSource(rule=rule, key=key, alert_id=alert_id, both=matches_all(spec.target, labels)))
        if len(rows) >= AT_ONCE:
            InhibitionSource.objects.bulk_create(rows, ignore_conflicts=True)
            rows = []
    InhibitionSource.objects.bulk_create(rows, ignore_conflicts=True)
