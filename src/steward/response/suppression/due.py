"""The clocks of silences and maintenance windows."""

from __future__ import annotations

from datetime import datetime

from steward.foundation.due import registry
from steward.response.suppression import actions
from steward.response.suppression.models import MaintenanceWindow, Silence


def run_silence(key: int, now: datetime) -> None:
    actions.run_silence(now=now, silence_id=key)


def run_window(key: int, now: datetime) -> None:
    actions.run_window(now=now, window_id=key)


registry.register(registry.DueKind("suppression.silence", Silence, registry.each(run_silence)))
registry.register(registry.DueKind("suppression.window", MaintenanceWindow, registry.each(run_window)))
