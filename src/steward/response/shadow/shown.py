"""A comparison as pages, CSV and API show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from steward.response.shadow import wording
from steward.response.shadow.queries import Comparison
from steward.response.shadow.rules import Pair, Told

MOST_SHOWN = 200
MOST_NAMES = 3


def pair(found: Pair, comparison: Comparison) -> dict[str, Any]:
    """One pair in words."""
    marks = sorted(found.firing)
    names = sorted({comparison.alerts[each].name for each in marks if each in comparison.alerts})
    return {
        "pair": found, "outcome": found.outcome, "at": found.at, "names": ", ".join(names[:MOST_NAMES]) or "—",
        "alerts": len(marks), "mark": marks[0] if marks else "", "reason": wording.REASONS[found.reason],
        "hint": wording.hint(found), "there": found.theirs.name if found.theirs else "",
        "here": found.ours.receiver if found.ours else "", "seconds": found.seconds,
    }  # fmt: skip


def by_reason(comparison: Comparison) -> list[dict[str, Any]]:
    """The differences with one hint together, the most frequent first."""
    groups: dict[tuple[str, str], list[Pair]] = {}
    for each in comparison.differences:
        groups.setdefault((each.reason, wording.hint(each)), []).append(each)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        {"reason": wording.REASONS[reason], "hint": hint, "count": len(pairs), "kind": reason, "outcome": pairs[0].outcome,
         "pairs": [pair(each, comparison) for each in pairs[-20:]]}
        for (reason, hint), pairs in ordered[:MOST_SHOWN]
    ]  # fmt: skip


def counts(comparison: Comparison) -> list[dict[str, Any]]:
    found = Counter(comparison.outcomes.values())
    return [
        {"outcome": name, "notifications": comparison.summary.counts.get(name, 0), "alerts": found.get(name, 0)}
        for name in wording.OUTCOMES
    ]


def alerts(comparison: Comparison, most: int | None = MOST_SHOWN) -> list[dict[str, Any]]:
    """Every alert with its outcome, the worst first."""
    order = {"both": 8, "neither": 9}
    rows: list[dict[str, Any]] = [
        {"mark": mark, "outcome": outcome, "seen": comparison.alerts[mark],
         "decided": comparison.decided.get(mark, ("", ""))[1]}
        for mark, outcome in comparison.outcomes.items()
        if mark in comparison.alerts
    ]  # fmt: skip
    rows.sort(key=lambda row: (order.get(str(row["outcome"]), 0), row["seen"].name, row["mark"]))
    return rows[:most]


def timelines(comparison: Comparison, mark: str) -> tuple[list[Told], list[Told], Sequence[Pair]]:
    """What both sides told of one alert, and the pairs."""
    pairs = [each for each in comparison.pairs if mark in each.firing]
    return [p.theirs for p in pairs if p.theirs], [p.ours for p in pairs if p.ours], pairs
