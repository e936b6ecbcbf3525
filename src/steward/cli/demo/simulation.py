"""Time in the demo: which alerts are firing at a moment, and which of them a monitoring system would send now. Pure.

A day of the insurer lasts 24 minutes, and begins at eight in the morning, with the day's first rush.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from steward.cli.demo.stories import (
    Fault,
    Story,
    branch_flaps,
    certificate_ends,
    choose,
    everyday,
    host_lost,
    part_of_day,
    uploads_rejected,
)

FIRST_HOUR = 8.0
SECONDS_AN_HOUR = 60.0
REFRESH_SECONDS = 45.0
# Mean seconds between stories by night, in the morning rush, by day.
GAPS = (90.0, 30.0, 45.0)


@dataclass(frozen=True, slots=True)
class Sending:
    """One alert as sent: when it began firing and, if it no longer does, when it ended (seconds of the demo)."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    began: float
    ended: float | None


@dataclass(slots=True)
class _Live:
    fault: Fault
    begin: float
    told: tuple[int, bool] | None = None
    told_at: float = 0.0


def hour_at(seconds: float) -> float:
    """Hour of the insurer's day."""
    return (FIRST_HOUR + seconds / SECONDS_AN_HOUR) % 24


class Simulation:
    """Stories one after another, told by one seed; :meth:`step` says what is to be sent."""

    def __init__(self, seed: int, *, refresh: float = REFRESH_SECONDS) -> None:
        self._refresh = refresh
        self._rng = Random(seed)  # noqa: S311 - a story, not a secret
        self._next = 0.0
        self._opening = [uploads_rejected, branch_flaps, everyday, certificate_ends, host_lost]
        self._live: dict[tuple[tuple[str, str], ...], _Live] = {}

    def step(self, at: float) -> list[Sending]:
        """What changed since the last step, and the firing alerts whose refresh is due."""
        self._tell(at)
        sendings = []
        for key, live in list(self._live.items()):
            sending = _look(live, at, self._refresh)
            if sending is not None:
                sendings.append(sending)
            if live.begin + live.fault.spans[-1][1] <= at:
                del self._live[key]
        return sendings

    def firing(self) -> int:
        return sum(1 for live in self._live.values() if live.told is not None and live.told[1])

    def _tell(self, at: float) -> None:
        while self._next <= at:
            hour = hour_at(self._next)
            self._add(self._opening.pop(0)(self._rng) if self._opening else choose(self._rng, hour), self._next)
            gap = GAPS[part_of_day(hour)]
            self._next += self._rng.uniform(0.4 * gap, 1.6 * gap)

    def _add(self, story: Story, begin: float) -> None:
        for fault in story.faults:
            # What is already broken cannot break again.
            self._live.setdefault(tuple(sorted(fault.labels.items())), _Live(fault, begin))


def _look(live: _Live, at: float, refresh: float) -> Sending | None:
    begun = [number for number, span in enumerate(live.fault.spans) if live.begin + span[0] <= at]
    if not begun:
        return None
    start, end = live.fault.spans[begun[-1]]
    firing = live.begin + end > at
    state = (begun[-1], firing)
    if state == live.told and not (firing and at - live.told_at >= refresh):
        return None
    live.told, live.told_at = state, at
    return Sending(live.fault.labels, live.fault.annotations, live.begin + start, None if firing else live.begin + end)
