"""Sentry, by the webhook of an internal integration."""

from steward.signals.alerts.ingest.sources.kind import Kind
from steward.signals.alerts.ingest.sources.sentry.parser import parse, verify

KIND = Kind("sentry", "Sentry", {"sentry": parse}, verify, "Client secret")
