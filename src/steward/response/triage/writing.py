"""What a batch writes of groups and decisions, a statement for all rows together.

Django's bulk_create takes longer over a row than all the rules that led to it; in a storm there are tens of thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from steward.foundation.database.rowsets import Rowset
from steward.response.triage.models import AlertGroup

Wanted = tuple[int, str, dict[str, str], bool]
"""Route, key, labels, whether it is of alerts in shadow mode."""

_PLACES = Rowset(r="bigint", k="text")
_GROUPS = Rowset(r="bigint", k="text", l="jsonb", s="bool")
_FIRING = Rowset(g="bigint", a="bigint", f="bool")
_DECIDED = Rowset(
    a="bigint", c="bigint", n="int", t="timestamptz", o="text", w="text", r="bigint", v="int", i="bigint", d="jsonb"
)
_PRESENT = f"SELECT g.route_id, g.key FROM triage_alertgroup g JOIN {_PLACES.sql} ON g.route_id = u.r AND g.key = u.k"
_MAKE = (
    "INSERT INTO triage_alertgroup (route_id, key, labels, created_at, shadow) SELECT r, k, l, %s, s"
    f" FROM {_GROUPS.sql} ON CONFLICT DO NOTHING"
)
_HOLD = (
    f"SELECT g.id FROM triage_alertgroup g JOIN {_PLACES.sql} ON g.route_id = u.r AND g.key = u.k"
    " ORDER BY g.route_id, g.key FOR NO KEY UPDATE OF g"
)
_MEMBERS = (
    f"INSERT INTO triage_groupmember (group_id, alert_id, firing, joined_at) SELECT g, a, f, %s FROM {_FIRING.sql}"
    " ON CONFLICT (group_id, alert_id) DO UPDATE SET firing = EXCLUDED.firing"
)
_DECISIONS = (
    "INSERT INTO triage_decision (alert_id, change_id, round, at, outcome, reason, route_id, route_version, incident_id,"
    f" data) SELECT a, c, n, t, o, w, r, v, i, d FROM {_DECIDED.sql} ON CONFLICT "
)
_FIRST = "DO NOTHING"
_LAST = (
    "(change_id, route_id, round) DO UPDATE SET at = EXCLUDED.at, outcome = EXCLUDED.outcome, reason = EXCLUDED.reason,"
    " route_version = EXCLUDED.route_version, incident_id = EXCLUDED.incident_id, data = EXCLUDED.data"
)


class Verdict(NamedTuple):
    """A decision that is to be written; ``data`` is JSON or what ``rowsets.written`` made of it."""

    alert_id: int
    change_id: int
    round: int
    at: datetime
    outcome: str
    reason: str
    route_id: int | None = None
    route_version: int | None = None
    incident_id: int | None = None
    data: Any = None


def make_and_hold_groups(ordered: Sequence[Wanted], now: datetime) -> list[AlertGroup]:
    """Make the groups that are not there and lock all of them, both in the order in which they are given, which is that
    of route and key."""
    places = [each[:2] for each in ordered]
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT, [_PLACES.of(places)])
        present = set(cursor.fetchall())
        made = [each for each in ordered if (each[0], each[1]) not in present]
        if made:
            cursor.execute(_MAKE, [now, _GROUPS.of(made)])
    return list(AlertGroup.objects.filter(pk__among=hold_groups(places)).order_by("route_id", "key"))


def hold_groups(places: Sequence[tuple[int, str]]) -> list[int]:
    """Lock the groups at these places (route, key), in their order; the keys of those that are there."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [_PLACES.of(places)])
        return [row[0] for row in cursor.fetchall()]


def remember_members(members: Sequence[tuple[int, int, bool]], now: datetime) -> None:
    """Which alerts fire in which group: (group, alert, fires)."""
    if not members:
        return
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, [now, _FIRING.of(sorted(members))])


def write_decisions(decisions: Sequence[Verdict], *, anew: bool = False) -> None:
    """The first decision on a change for a route in a round stays; with ``anew`` the last one takes its place."""
    if not decisions:
        return
    with connection.cursor() as cursor:
        cursor.execute(_DECISIONS + (_LAST if anew else _FIRST), [_DECIDED.of(decisions)])
