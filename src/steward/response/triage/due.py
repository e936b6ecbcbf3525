"""Groups whose time has come, alerts whose reason to be held has ended, and groups that are too old."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from steward.foundation.due.registry import DueKind, each, register
from steward.foundation.history import registry as history
from steward.response.triage import actions
from steward.response.triage.models import AlertGroup, Hold, Reconsideration

log = logging.getLogger(__name__)
_one_by_one = each(lambda key, now: actions.end_group_wait(now=now, group_id=key))


def end_waits(ids: Sequence[int], now: datetime) -> None:
    """All together; if that fails each alone, so that one group does not hold up the others."""
    try:
        actions.end_group_waits(now=now, group_ids=ids)
    except Exception:
        log.exception("%s groups could not be opened together; trying one by one", len(ids))
        _one_by_one(ids, now)


def judge_anew(ids: Sequence[int], now: datetime) -> None:
    """All together; if that fails each alone."""
    try:
        actions.judge_anew(now=now, hold_ids=ids)
    except Exception:
        log.exception("%s held alerts could not be judged anew together; trying one by one", len(ids))
        each(lambda key, at: actions.judge_anew(now=at, hold_ids=[key]))(ids, now)


register(DueKind("triage.hold", Hold, judge_anew, batch=200))
register(DueKind("triage.reconsider", Reconsideration, each(lambda key, now: actions.reconsider(now=now, key=key))))
register(DueKind("triage.group", AlertGroup, end_waits, batch=100, workers=2))
history.register(history.Cleaner("alert groups", actions.remove_empty_groups))
