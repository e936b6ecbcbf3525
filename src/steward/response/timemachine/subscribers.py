"""What this room hears: every change of the live configuration becomes a version, in the same transaction."""

from __future__ import annotations

from steward.foundation.events import subscribe
from steward.response.timemachine import actions
from steward.response.triage.events import ConfigurationChanged


@subscribe(ConfigurationChanged)
def keep_version(event: ConfigurationChanged) -> None:
    actions.keep_version(actor=event.actor, now=event.now)
