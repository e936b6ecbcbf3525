"""The nightly run is a due row, so that it runs once however many engines there are."""

from datetime import timedelta

from steward.foundation.due.registry import DueKind, register
from steward.foundation.history.cleanup import take_steps
from steward.foundation.history.models import Cleanup

register(DueKind("history.cleanup", Cleanup, take_steps, batch=1, patience=timedelta(hours=6)))
