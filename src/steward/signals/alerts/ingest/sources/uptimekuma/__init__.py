"""Uptime Kuma, by its webhook notification with a JSON body."""

from steward.signals.alerts.ingest.sources.kind import Kind
from steward.signals.alerts.ingest.sources.uptimekuma.parser import parse

KIND = Kind("uptimekuma", "Uptime Kuma", {"uptimekuma": parse})
