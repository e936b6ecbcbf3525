"""GitLab, by a webhook of a project or a group."""

from steward.signals.alerts.ingest.sources.gitlab.parser import parse, verify
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind("gitlab", "GitLab", {"gitlab": parse}, verify, "Secret token")
