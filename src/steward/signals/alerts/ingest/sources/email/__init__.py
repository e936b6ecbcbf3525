"""E-mail, as ``steward mail-in`` brings it."""

from steward.signals.alerts.ingest.sources.email.parser import parse
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind("email", "E-mail", {"email": parse}, gzip=True)
