"""The end of group wait."""

from steward.foundation.due.registry import DueKind, each, register
from steward.response.triage import actions
from steward.response.triage.models import AlertGroup

register(
    DueKind(
        "triage.group",
        AlertGroup,
        each(lambda key, now: actions.end_group_wait(now=now, group_id=key)),
        workers=2,
    )
)
