"""CloudEvents 1.0, from anything that speaks it."""

from steward.signals.alerts.ingest.sources.cloudevents.parser import handshake, parse, verify
from steward.signals.alerts.ingest.sources.kind import Kind

KIND = Kind(
    "cloudevents",
    "CloudEvents",
    {"cloudevents": parse},
    verify,
    "Bearer token",
    handshake=handshake,
)
