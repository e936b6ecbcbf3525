"""Whose turn it is in steps that page people in turn."""

from __future__ import annotations

from collections.abc import Iterable

from steward.response.oncall import rules
from steward.response.oncall.models import Turn


def turn_key(policy_id: int | None, step: rules.Step) -> str:
    """What the people of a step take turns in: all lists of one policy are one round, a team is one by itself."""
    return f"{policy_id or 0}:team:{step.target_id}" if step.kind == rules.TURN_TEAM else f"{policy_id or 0}:people"


def served(keys: Iterable[str]) -> dict[str, dict[int, int]]:
    """For each key the number of everybody's last turn (one query)."""
    found: dict[str, dict[int, int]] = {key: {} for key in keys}
    if found:
        for key, user_id, number in Turn.objects.filter(key__in=list(found)).values_list("key", "user_id", "number"):
            found[key][user_id] = number
    return found
