"""API of alerts, sources and how they are read. Sending alerts in is `/in/<key>/…`, not here."""

from steward.signals.alerts.api import reading
from steward.signals.alerts.api.core import ROUTERS

__all__ = ["ROUTERS", "reading"]
