"""Google Cloud Monitoring, by its webhook notification channel."""

from steward.signals.alerts.ingest.sources.googlecloud.parser import parse, verify
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind(
    "googlecloud",
    "Google Cloud Monitoring",
    {"googlecloud": parse},
    verify,
    "Token in the address",
)
