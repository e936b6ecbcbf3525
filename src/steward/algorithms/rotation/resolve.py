"""From a rotation and its overrides to shifts.

All intervals are half-open: a shift holds its start and not its end, so each instant has at most one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise

from steward.algorithms.rotation.shifts import Override, Shift, WeeklyRotation, as_utc

_TICK = timedelta(microseconds=1)


def resolve(
    rotation: WeeklyRotation | None, overrides: Sequence[Override], start: datetime, end: datetime
) -> list[Shift]:
    """Return who is on call from `start` until `end`, in order, cut to that range.

    An override wins over the rotation; among overlapping overrides the one given last wins. Neighbouring shifts
    of one member and source are merged. Times when nobody is on call are absent.
    """
    start, end = as_utc(start), as_utc(end)
    chosen = list(_override_shifts(overrides, start, end))
    if rotation is not None and rotation.members:
        for free_start, free_end in gaps(chosen, start, end):
            chosen.extend(_turns(rotation, free_start, free_end))
    return _merged(sorted(chosen, key=lambda shift: shift.start))


def at(rotation: WeeklyRotation | None, overrides: Sequence[Override], instant: datetime) -> Shift | None:
    """Return the whole shift that holds the instant, as `resolve` would show it over a wide enough range.

    One exception: a rotation in which nobody else takes turns would make one endless shift; then it is the turn.
    """
    instant = as_utc(instant)
    found = _piece(rotation, overrides, instant)
    if found is None:
        return None
    endless = found.source == "rotation" and rotation is not None and len(set(rotation.members)) == 1
    if endless:
        return found
    while (earlier := _piece(rotation, overrides, found.start - _TICK)) and _continues(earlier, found):
        found = replace(found, start=earlier.start)
    while (later := _piece(rotation, overrides, found.end)) and _continues(found, later):
        found = replace(found, end=later.end)
    return found


def gaps(shifts: Iterable[Shift], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return the parts of the range from `start` until `end` that no shift covers, in order."""
    covered, end = as_utc(start), as_utc(end)
    found: list[tuple[datetime, datetime]] = []
    for shift in sorted(shifts, key=lambda shift: shift.start):
        if shift.start >= end:
            break
        if shift.start > covered:
            found.append((covered, shift.start))
        covered = max(covered, shift.end)
    if covered < end:
        found.append((covered, end))
    return found


def _turns(rotation: WeeklyRotation, start: datetime, end: datetime) -> Iterator[Shift]:
    turn = rotation.turn_at(start)
    while start < end:
        until = rotation.begins(turn + 1)
        yield Shift(start, min(until, end), rotation.member_of(turn), "rotation")
        start, turn = until, turn + 1


def _override_shifts(overrides: Sequence[Override], start: datetime, end: datetime) -> Iterator[Shift]:
    """Sweep over the moments at which an override starts or ends; between two of them one override wins."""
    inside = [(index, o) for index, o in enumerate(overrides) if o.start < end and o.end > start]
    cuts = sorted({max(o.start, start) for _, o in inside} | {min(o.end, end) for _, o in inside})
    coming = sorted(inside, key=lambda item: item[1].start, reverse=True)
    running: list[tuple[int, Override]] = []  # a heap, the one given last on top
    for begin, until in pairwise(cuts):
        while coming and coming[-1][1].start <= begin:
            index, override = coming.pop()
            heappush(running, (-index, override))
        while running and running[0][1].end <= begin:
            heappop(running)
        if running:
            yield Shift(begin, until, running[0][1].member, "override")


def _piece(rotation: WeeklyRotation | None, overrides: Sequence[Override], instant: datetime) -> Shift | None:
    """Return the shift that holds the instant, not yet merged with its neighbours."""
    above: list[Override] = []  # what would win over the piece, and so bounds it
    for override in reversed(overrides):
        if override.start <= instant < override.end:
            shift = Shift(override.start, override.end, override.member, "override")
            return _bounded(shift, above, instant)
        above.append(override)
    if rotation is None or not rotation.members:
        return None
    turn = rotation.turn_at(instant)
    shift = Shift(rotation.begins(turn), rotation.begins(turn + 1), rotation.member_of(turn), "rotation")
    return _bounded(shift, above, instant)


def _bounded(shift: Shift, above: Iterable[Override], instant: datetime) -> Shift:
    start, end = shift.start, shift.end
    for override in above:
        if override.end <= instant:
            start = max(start, override.end)
        else:
            end = min(end, override.start)
    return replace(shift, start=start, end=end)


def _continues(earlier: Shift, later: Shift) -> bool:
    return earlier.end == later.start and (earlier.member, earlier.source) == (later.member, later.source)


def _merged(shifts: Iterable[Shift]) -> list[Shift]:
    merged: list[Shift] = []
    for shift in shifts:
        if merged and _continues(merged[-1], shift):
            merged[-1] = replace(merged[-1], end=shift.end)
        else:
            merged.append(shift)
    return merged
