"""Ready-made mappings, each for one of the samples beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).resolve().parent / "samples"


@dataclass(frozen=True, slots=True)
class Example:
    """A mapping with a payload that it reads."""

    name: str
    label: str
    document: Mapping[str, Any]

    @property
    def sample(self) -> bytes:
        return (SAMPLES / f"{self.name}.json").read_bytes()


EXAMPLES = (
    Example(
        "kubernetes-events", "Kubernetes events",
        {
            "alerts": "not_null(items, [@])[?type=='Warning']",
            "labels": {
                "alertname": "reason", "namespace": "involvedObject.namespace", "kind": "involvedObject.kind",
                "name": "involvedObject.name", "cluster": "$query.cluster",
            },
            "annotations": {"summary": "message", "component": "source.component", "count": "count"},
            "severity": "type == 'Warning' && 'warning' || 'info'",
            "starts_at": "firstTimestamp || eventTime",
            "expires_in": 3600,
        },
    ),
    Example(
        "uptime-checks", "A list of checks",
        {
            "alerts": "checks",
            "labels": {"alertname": "join(' ', ['Check', name])", "site": "site", "region": "$.region"},
            "more_labels": "tags",
            "annotations": {"summary": "error.message", "response_ms": "to_string(timing.total)"},
            "severity": "priority",
            "status": "state",
            "resolved": ["up", "ok", "recovered"],
            "starts_at": "since",
            "url": "links.details",
        },
    ),
    Example(
        "ticket", "One object with a key",
        {
            "labels": {"alertname": "event.rule.name", "host": "event.host.name", "team": "event.owner"},
            "annotations": {"summary": "event.title", "description": "event.text"},
            "severity": "event.severity",
            "status": "event.status",
            "resolved": ["closed", "cleared"],
            "starts_at": "event.opened_at",
            "ends_at": "event.closed_at",
            "url": "event.link",
            "key": "event.id",
        },
    ),
    Example(
        "batch-jobs", "A bare list",
        {
            "alerts": "[?status != 'succeeded']",
            "labels": {"alertname": "'JobFailed'", "job": "job", "queue": "queue"},
            "annotations": {"summary": "join(', ', errors[*].message)", "attempts": "to_string(attempts)"},
            "severity": "attempts >= `3` && 'critical' || 'warning'",
            "starts_at": "failed_at",
            "expires_in": 86400,
        },
    ),
)  # fmt: skip
