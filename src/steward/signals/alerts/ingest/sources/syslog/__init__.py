"""Syslog: RFC 5424 and RFC 3164, as ``steward syslog`` brings it, or one message a line."""

from steward.signals.alerts.ingest.sources.kind import Kind
from steward.signals.alerts.ingest.sources.syslog.parser import parse

KIND = Kind("syslog", "Syslog", {"syslog": parse}, gzip=True)
