"""From layers and overrides to shifts.

All intervals are half-open: a shift holds its start and not its end. At an instant on call are: whoever the layers of
the highest priority that has somebody name; then the overrides, in the order in which they were made, each change
that for their time. So the last one made wins.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from steward.algorithms.calendars.wall import DAY, instant_of, moment_of
from steward.algorithms.rotation.parts import Layer, Listed, Member, Override, Shift, as_utc
from steward.algorithms.rotation.turns import Stretch, handovers_of, stretches, together

LOOK = timedelta(days=512)
"""How far :func:`at` looks for the ends of a shift: further than an override of a year or a turn of 52 weeks."""


class Duty(NamedTuple):
    member: Member
    layer: int | None  # None: an override


Segment = tuple[int, int, tuple[Duty, ...]]


def resolve(
    layers: Sequence[Layer | Listed], overrides: Sequence[Override], start: datetime, end: datetime
) -> list[Shift]:
    """Return who is on call from `start` until `end`, in order, cut to that range.

    Shifts of different people may overlap; neighbouring shifts of one member and layer (or of overrides) are merged.
    Times when nobody is on call are absent.
    """
    first, last = instant_of(as_utc(start)), instant_of(as_utc(end))
    if last <= first:
        return []
    return _shifts(segments_of(layers, overrides, first, last))


def at(layers: Sequence[Layer | Listed], overrides: Sequence[Override], instant: datetime) -> list[Shift]:
    """Return the whole shifts that hold the instant, as `resolve` would show them over a wide enough range.

    One exception: a shift that goes on for more than `LOOK` to one side (one person who takes all turns) is cut to the
    turn that holds the instant.
    """
    moment = instant_of(as_utc(instant))
    furthest = LOOK.days * DAY
    reach = 8 * DAY
    while True:
        first, last = moment - reach, moment + reach
        segments = segments_of(layers, overrides, first, last)
        found = [each for each in _shifts(segments) if each.start <= instant < each.end]
        inside = all(instant_of(each.start) > first and instant_of(each.end) < last for each in found)
        if inside or reach >= furthest:
            break
        reach *= 2
    if inside:
        return found
    here = next((each for each in segments if each[0] <= moment < each[1]), None)
    turn = (moment_of(here[0]), moment_of(here[1])) if here else None
    return [
        each if (instant_of(each.start) > first and instant_of(each.end) < last) or turn is None
        else Shift(turn[0], turn[1], each.member, each.source, each.layer)
        for each in found
    ]  # fmt: skip


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


def handovers(layer: Layer | Listed, start: datetime, end: datetime) -> list[datetime]:
    """Return when turns of a layer change between `start` and `end` (neither included), also to the same people."""
    if isinstance(layer, Listed):
        return []
    first, last = instant_of(as_utc(start)), instant_of(as_utc(end))
    return [moment_of(each) for each in handovers_of(layer, first, last)]


def segments_of(
    layers: Sequence[Layer | Listed], overrides: Sequence[Override], first: int, last: int
) -> list[Segment]:
    """The range cut so that in each part the same people are on call; parts with nobody are absent."""
    segments: list[Segment] = []
    for priority in sorted({layer.priority for layer in layers}, reverse=True):
        level = _level(layers, priority, first, last)
        segments = _below(segments, level) if segments else level
    for override in overrides:
        start, end = max(instant_of(override.start), first), min(instant_of(override.end), last)
        if start < end:
            _apply(segments, override, start, end)
    return segments


def _level(layers: Sequence[Layer | Listed], priority: int, first: int, last: int) -> list[Segment]:
    """The layers of one priority, together."""
    found: list[tuple[int, list[Stretch]]] = [
        (number, stretches(layer, first, last)) for number, layer in enumerate(layers) if layer.priority == priority
    ]
    if len(found) == 1:
        number, alone = found[0]
        duties: dict[tuple[Member, ...], tuple[Duty, ...]] = {}
        for _start, _end, people in alone:
            if people not in duties:
                duties[people] = tuple(Duty(member, number) for member in people)
        return [(start, end, duties[people]) for start, end, people in alone]
    # A person whom two layers of the level name at once is on call by the first of them.
    marked = [(start, end, ((number, people),)) for number, turns in found for start, end, people in turns]
    return [(start, end, _united(named)) for start, end, named in together(marked)]


def _united(named: Iterable[tuple[int, tuple[Member, ...]]]) -> tuple[Duty, ...]:
    found: dict[Member, Duty] = {}
    for number, people in named:
        for member in people:
            found.setdefault(member, Duty(member, number))
    return tuple(found.values())


def _below(above: Sequence[Segment], level: Sequence[Segment]) -> list[Segment]:
    """What is above, and of the lower level what fills the time between."""
    found: list[Segment] = list(above)
    place = 0
    for start, end, duties in level:
        while place < len(above) and above[place][1] <= start:
            place += 1
        number, free = place, start
        while number < len(above) and above[number][0] < end:
            if above[number][0] > free:
                found.append((free, above[number][0], duties))
            free = max(free, above[number][1])
            number += 1
        if free < end:
            found.append((free, end, duties))
    found.sort(key=_start_of)
    return found


def _apply(segments: list[Segment], override: Override, start: int, end: int) -> None:
    """Change the segments from ``start`` until ``end`` as the override says."""
    low = bisect_right(segments, start, key=_end_of)
    high = bisect_left(segments, end, key=_start_of)
    duty = Duty(override.member, None)
    changed: list[Segment] = []
    for begin, until, duties in segments[low:high]:
        if begin < start:
            changed.append((begin, start, duties))
        if override.replaces is not None:
            changed.append((max(begin, start), min(until, end), _replaced(duties, override.replaces, duty)))
    if override.replaces is None:
        changed.append((start, end, (duty,)))
    if low < high and segments[high - 1][1] > end:
        changed.append((end, segments[high - 1][1], segments[high - 1][2]))
    segments[low:high] = changed


def _replaced(duties: tuple[Duty, ...], who: Member, duty: Duty) -> tuple[Duty, ...]:
    if all(each.member != who for each in duties):
        return duties
    kept = [each for each in duties if each.member != who]
    return tuple(kept) if any(each.member == duty.member for each in kept) else (*kept, duty)


def _shifts(segments: Iterable[Segment]) -> list[Shift]:
    found: list[tuple[int, int, Duty]] = []
    running: dict[Duty, int] = {}  # since when
    before, previous = 0, tuple[Duty, ...]()
    for start, end, duties in segments:
        if start != before or duties != previous:
            going_on = duties if start == before else ()
            for duty in [each for each in running if each not in going_on]:
                found.append((running.pop(duty), before, duty))
            for duty in duties:
                running.setdefault(duty, start)
        before, previous = end, duties
    found.extend((since, before, duty) for duty, since in running.items())
    found.sort(key=_since)  # stable: people who begin together stay in their order
    moments = {instant: moment_of(instant) for each in found for instant in each[:2]}
    return [
        Shift(moments[start], moments[end], duty[0], "override" if duty[1] is None else "rotation", duty[1])
        for start, end, duty in found
    ]


def _since(found: tuple[int, int, Duty]) -> int:
    return found[0]


def _start_of(segment: Segment) -> int:
    return segment[0]


def _end_of(segment: Segment) -> int:
    return segment[1]
