"""Prometheus itself (API v2) and Alertmanager's webhook."""

from steward.signals.alerts.ingest.sources.alertmanager import api_v2, webhook
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind("alertmanager", "Prometheus / Alertmanager", {"api/v2/alerts": api_v2.parse, "alertmanager": webhook.parse})
