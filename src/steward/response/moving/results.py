"""What moving would do, or did. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from steward.response.moving.comparing import Difference

MAKE, CHANGE, SAME, KEPT, CANNOT = "make", "change", "same", "kept", "cannot"


@dataclass(frozen=True, slots=True)
class Item:
    """One record: what happens to it (make, change, same, kept, cannot), and why."""

    kind: str
    name: str
    act: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """One schedule: where the other system would page others, in the range both know; ``known``: it rendered something."""

    schedule: str
    known: bool
    differences: tuple[Difference, ...] = ()


@dataclass
class Result:
    """All items in the order in which they are done, and the comparison of the next 30 days."""

    applied: bool
    items: list[Item] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)

    def count(self, act: str) -> int:
        return sum(item.act == act for item in self.items)


def told(result: Result) -> dict[str, Any]:
    """The result for programs."""
    return {
        "applied": result.applied,
        "items": [{"kind": i.kind, "name": i.name, "act": i.act, "why": i.why} for i in result.items],
        "compared": [
            {
                "schedule": each.schedule, "known": each.known,
                "differences": [
                    {"start": d.start, "end": d.end, "theirs": sorted(d.theirs), "ours": sorted(d.ours)}
                    for d in each.differences
                ],
            }
            for each in result.compared
        ],
    }  # fmt: skip
