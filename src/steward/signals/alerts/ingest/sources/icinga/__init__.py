"""Icinga 2 and Nagios, by the notification command that is shipped here."""

from steward.signals.alerts.ingest.sources.icinga.parser import parse
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind("icinga", "Icinga / Nagios", {"icinga": parse})
