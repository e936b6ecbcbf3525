"""Amazon CloudWatch's alarms, through Amazon SNS."""

from steward.signals.alerts.ingest.sources.cloudwatch.parser import parse
from steward.signals.alerts.ingest.sources.cloudwatch.sns import verify
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind(
    "cloudwatch",
    "Amazon CloudWatch",
    {"cloudwatch": parse},
    verify,
    "Topic ARN",
)
