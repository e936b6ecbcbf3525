"""Every write of this room."""

from steward.response.suppression.actions.clock import run_silence, run_window
from steward.response.suppression.actions.grants import let_source_silence
from steward.response.suppression.actions.planning import Plan
from steward.response.suppression.actions.silences import Wish, create_silence, expire_silence, update_silence
from steward.response.suppression.actions.windows import (
    Work,
    create_window,
    end_window,
    extend_window,
    update_window,
)

__all__ = [
    "Plan",
    "Wish",
    "Work",
    "create_silence",
    "create_window",
    "end_window",
    "expire_silence",
    "extend_window",
    "let_source_silence",
    "run_silence",
    "run_window",
    "update_silence",
    "update_window",
]
