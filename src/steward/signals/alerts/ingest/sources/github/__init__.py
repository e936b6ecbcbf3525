"""GitHub, by a webhook of a repository or an organisation."""

from steward.signals.alerts.ingest.sources.github.parser import parse, verify
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind("github", "GitHub", {"github": parse}, verify, "Webhook secret")
