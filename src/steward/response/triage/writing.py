"""What a batch writes of groups and decisions, a statement for all rows together.

Django's bulk_create takes longer over a row than all the rules that led to it; in a storm there are tens of thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from steward.response.triage.models import AlertGroup, Decision

Wanted = tuple[int, str, dict[str, str], bool]
"""Route, key, labels, whether it is of alerts in shadow mode."""

_PRESENT = (
    "SELECT g.route_id, g.key FROM triage_alertgroup g JOIN unnest(%s::bigint[], %s::text[]) AS u(r, k)"
    " ON g.route_id = u.r AND g.key = u.k"
)
_MAKE = (
    "INSERT INTO triage_alertgroup (route_id, key, labels, created_at, shadow) SELECT r, k, l::jsonb, %s, s"
    " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bool[]) AS u(r, k, l, s) ON CONFLICT DO NOTHING"
)
_HOLD = (
    "SELECT g.id FROM triage_alertgroup g JOIN unnest(%s::bigint[], %s::text[]) AS u(r, k)"
    " ON g.route_id = u.r AND g.key = u.k ORDER BY g.route_id, g.key FOR NO KEY UPDATE OF g"
)
_MEMBERS = (
    "INSERT INTO triage_groupmember (group_id, alert_id, firing, joined_at) SELECT g, a, f, %s"
    " FROM unnest(%s::bigint[], %s::bigint[], %s::bool[]) AS u(g, a, f)"
    " ON CONFLICT (group_id, alert_id) DO UPDATE SET firing = EXCLUDED.firing"
)
_DECISIONS = (
    "INSERT INTO triage_decision (alert_id, change_id, round, at, outcome, reason, route_id, route_version, incident_id,"
    " data) SELECT a, c, n, t, o, w, r, v, i, d::jsonb FROM unnest(%s::bigint[], %s::bigint[], %s::int[],"
    " %s::timestamptz[], %s::text[], %s::text[], %s::bigint[], %s::int[], %s::bigint[], %s::text[])"
    " AS u(a, c, n, t, o, w, r, v, i, d) ON CONFLICT "
)
_FIRST = "DO NOTHING"
_LAST = (
    "(change_id, route_id, round) DO UPDATE SET at = EXCLUDED.at, outcome = EXCLUDED.outcome, reason = EXCLUDED.reason,"
    " route_version = EXCLUDED.route_version, incident_id = EXCLUDED.incident_id, data = EXCLUDED.data"
)


def make_and_hold_groups(ordered: Sequence[Wanted], now: datetime) -> list[AlertGroup]:
    """Make the groups that are not there and lock all of them, both in the order in which they are given, which is that
    of route and key."""
    places: list[Any] = [[each[0] for each in ordered], [each[1] for each in ordered]]
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT, places)
        present = set(cursor.fetchall())
        made = [each for each in ordered if (each[0], each[1]) not in present]
        if made:
            rows: list[Any] = [(route_id, key, _json(labels), shadow) for route_id, key, labels, shadow in made]
            cursor.execute(_MAKE, [now, *(list(column) for column in zip(*rows, strict=True))])
    return list(AlertGroup.objects.filter(pk__in=hold_groups(places)).order_by("route_id", "key"))


def hold_groups(places: list[Any]) -> list[int]:
    """Lock the groups at these places (routes, keys), in their order; the keys of those that are there."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, places)
        return [row[0] for row in cursor.fetchall()]


def remember_members(members: Sequence[tuple[int, int, bool]], now: datetime) -> None:
    """Which alerts fire in which group: (group, alert, fires)."""
    if not members:
        return
    rows: list[Any] = sorted(members)
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, [now, *(list(column) for column in zip(*rows, strict=True))])


def write_decisions(decisions: Sequence[Decision], *, anew: bool = False) -> None:
    """The first decision on a change for a route in a round stays; with ``anew`` the last one takes its place."""
    if not decisions:
        return
    # What is decided on many alerts at once has the same data.
    texts: dict[int, str] = {}
    rows = [
        (
            each.alert_id, each.change_id, each.round, each.at, each.outcome, str(each.reason), each.route_id,
            each.route_version, each.incident_id, texts.get(id(each.data)) or texts.setdefault(id(each.data), _json(each.data)),
        )
        for each in decisions
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_DECISIONS + (_LAST if anew else _FIRST), [list(column) for column in zip(*rows, strict=True)])


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
