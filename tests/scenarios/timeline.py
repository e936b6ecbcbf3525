"""What a scenario is, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Push:
    """At ``at`` seconds a sender reports these alerts, by their names: firing, or resolved."""

    at: float
    alerts: Sequence[str]
    resolved: bool = False


@dataclass(frozen=True)
class Silence:
    """At ``at`` seconds somebody silences these matchers for so many seconds."""

    at: float
    matchers: str
    seconds: float


@dataclass(frozen=True)
class Want:
    """A receiver is told between ``since`` and ``until`` that this many alerts of a group fire."""

    receiver: str
    since: float
    until: float
    firing: int


@dataclass(frozen=True)
class Told:
    """A receiver was told, ``at`` seconds into the scenario, that ``firing`` alerts of a group fire."""

    receiver: str
    at: float
    firing: int


@dataclass(frozen=True)
class Scenario:
    """``config`` is an alertmanager.yml without its receivers; ``alerts`` are label sets by short names."""

    name: str
    config: str
    alerts: Mapping[str, Mapping[str, str]]
    events: Sequence[Push | Silence]
    wants: Sequence[Want]
    until: float
    receivers: Sequence[str] = field(default=("team",))


def misses(wants: Sequence[Want], told: Sequence[Told]) -> list[str]:
    """What was wanted and did not come, and what came and was not wanted; empty if all is as wanted."""
    left = sorted(told, key=lambda each: each.at)
    missing = []
    for want in sorted(wants, key=lambda each: each.until):
        found = next((each for each in left if fits(want, each)), None)
        if found is None:
            missing.append(f"missing: {want}")
        else:
            left.remove(found)
    return missing + [f"not wanted: {each}" for each in left]


def fits(want: Want, told: Told) -> bool:
    """Whether this is what was wanted."""
    return want.receiver == told.receiver and want.firing == told.firing and want.since <= told.at <= want.until
