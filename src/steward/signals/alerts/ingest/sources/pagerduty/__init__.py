"""PagerDuty's Events API v2, as a drop-in."""

from steward.signals.alerts.ingest.sources.kind import Kind
from steward.signals.alerts.ingest.sources.pagerduty.parser import answer, parse, verify

KIND = Kind(
    "pagerduty",
    "PagerDuty Events API",
    {"v2/enqueue": parse},
    verify,
    "Routing key",
    answer=answer,
)
