"""Triage decides on every changed alert."""

from steward.foundation.events import subscribe
from steward.response.triage import actions
from steward.signals.alerts.events import AlertsChanged


@subscribe(AlertsChanged)
def alerts_changed(event: AlertsChanged) -> None:
    actions.route_changes(now=event.now, changes=event.changes)
