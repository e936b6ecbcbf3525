"""The turns of one layer within its windows, as stretches of instants (microseconds since 1970, half-open).

A stretch is (start, end, people); the stretches of a layer are in order and do not overlap.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import TypeVar

from steward.algorithms.calendars.wall import DAY, SECOND, Wall, instant_of, local_of, wall_of
from steward.algorithms.rotation.parts import Layer, Listed, Member, Window

T = TypeVar("T")
Stretch = tuple[int, int, tuple[Member, ...]]
_Span = tuple[int, int]
_STEPS = {"hour": 3600 * SECOND, "day": DAY, "week": 7 * DAY}


def stretches(layer: Layer | Listed, first: int, last: int) -> list[Stretch]:
    """Who is on call by this layer from ``first`` until ``last``. The ends of turns are kept, also where the next is of
    the same people."""
    if isinstance(layer, Listed):
        return together([(start, end, (member,)) for start, end, member in _listed(layer, first, last)])
    first, last = _bounded(layer, first, last)
    if last <= first or not any(layer.turns):
        return []
    if layer.windows and layer.zones is not None:
        return together([(start, end, (member,)) for start, end, member in _in_own_zones(layer, first, last)])
    return _in_one_zone(layer, first, last)


def of_members(layer: Layer | Listed, first: int, last: int) -> list[tuple[int, int, Member]]:
    """The times of each person by this layer as they are by themselves: a turn within its windows, or a listed time."""
    if isinstance(layer, Listed):
        return _listed(layer, first, last)
    first, last = _bounded(layer, first, last)
    if last <= first or not any(layer.turns):
        return []
    if layer.windows and layer.zones is not None:
        return _in_own_zones(layer, first, last)
    return [(start, end, member) for start, end, people in _in_one_zone(layer, first, last) for member in people]


def longest_turn(layer: Layer) -> int:
    """No turn of the layer is longer."""
    return (_STEPS.get(layer.unit, 31 * DAY) * layer.length) + 2 * DAY


def _bounded(layer: Layer, first: int, last: int) -> _Span:
    if layer.begins_at is not None:
        first = max(first, instant_of(layer.begins_at))
    if layer.ends_at is not None:
        last = min(last, instant_of(layer.ends_at))
    return first, last


def _in_one_zone(layer: Layer, first: int, last: int) -> list[Stretch]:
    wall = Wall(layer.zone, first, last)
    turns = list(_turns(layer, wall, first, last))
    return _within(turns, windows_of(layer.windows, wall, first, last)) if layer.windows else turns


def _in_own_zones(layer: Layer, first: int, last: int) -> list[tuple[int, int, Member]]:
    turns = list(_turns(layer, Wall(layer.zone, first, last), first, last))
    found: list[tuple[int, int, Member]] = []
    for member in layer.members:
        own = Wall((layer.zones or {}).get(member, layer.zone), first, last)
        mine = [(start, end, (member,)) for start, end, people in turns if member in people]
        within = _within(mine, windows_of(layer.windows, own, first, last))
        found.extend((start, end, member) for start, end, _people in within)
    return found


def _listed(layer: Listed, first: int, last: int) -> list[tuple[int, int, Member]]:
    found: list[tuple[int, int, Member]] = []
    for span in layer.spans:
        start, end = instant_of(span.start), instant_of(span.end)
        if start < last and end > first:
            found.append((max(start, first), min(end, last), span.member))
    return found


def handovers_of(layer: Layer, first: int, last: int) -> list[int]:
    """The instants between ``first`` and ``last`` (neither included) at which turns change, whoever has them."""
    turns = _turns(layer, Wall(layer.zone, first, last), first, last) if any(layer.turns) and last > first else ()
    return sorted({edge for start, end, _people in turns for edge in (start, end) if first < edge < last})


def windows_of(windows: Iterable[Window], wall: Wall, first: int, last: int) -> list[_Span]:
    """The hours that the windows name from ``first`` until ``last``, in order, those that meet or overlap made one."""
    found: list[_Span] = []
    midnight = wall.at(first) // DAY * DAY - DAY
    days = range(midnight, wall.at(last) + DAY, DAY)
    weekday, instant = local_of(midnight).weekday(), wall.instant
    for window in windows:
        opening, closing = _clock(window.start), _clock(window.end)
        if closing <= opening:
            closing += DAY
        for number, day in enumerate(days, weekday):
            if number % 7 in window.days:
                start, end = instant(day + opening), instant(day + closing)
                if start < end and end > first and start < last:
                    found.append((max(start, first), min(end, last)))
    return _merged(sorted(found))


def together(found: Iterable[tuple[int, int, tuple[T, ...]]]) -> list[tuple[int, int, tuple[T, ...]]]:
    """Stretches that may overlap, cut so that each instant is in one, with all that they hold in the order given."""
    given = list(found)
    edges: dict[int, tuple[list[int], list[int]]] = {}
    for number, (start, end, _people) in enumerate(given):
        edges.setdefault(start, ([], []))[0].append(number)
        edges.setdefault(end, ([], []))[1].append(number)
    running: dict[int, tuple[T, ...]] = {}
    result: list[tuple[int, int, tuple[T, ...]]] = []
    before = 0
    for moment in sorted(edges):
        if running:
            ordered = sorted(running.items())
            result.append((before, moment, tuple(dict.fromkeys(each for _, people in ordered for each in people))))
        opened, closed = edges[moment]
        for number in closed:
            running.pop(number, None)
        for number in opened:
            running[number] = given[number][2]
        before = moment
    return result


def _turns(layer: Layer, wall: Wall, first: int, last: int) -> Iterator[Stretch]:
    turns, instant = layer.turns, wall.instant
    handovers = _handovers(layer, number := _turn_before(layer, wall.at(first)))
    start = instant(next(handovers))
    for handover in handovers:
        if start >= last:
            return
        end = instant(handover)
        people = turns[number % len(turns)]
        if people and end > first and start < end:
            yield max(start, first), min(end, last), people
        start, number = end, number + 1


def _turn_before(layer: Layer, wall: int) -> int:
    """The number of a turn that has begun by then: two early, because clocks that were put back show less."""
    origin = _origin(layer)
    if layer.unit != "month":
        return (wall - origin) // (_STEPS[layer.unit] * layer.length) - 2
    here, there = local_of(wall), local_of(origin)
    months = (here.year - there.year) * 12 + here.month - there.month
    return months // layer.length - 2


def _handovers(layer: Layer, number: int) -> Iterator[int]:
    """The wall times at which turns begin, from a turn on."""
    if layer.unit != "month":
        step = _STEPS[layer.unit] * layer.length
        yield from count(_origin(layer) + step * number, step)
    start = layer.start
    for months in count(start.year * 12 + start.month - 1 + layer.length * number, layer.length):
        day = _day_of_month(months // 12, months % 12 + 1, start.day)
        yield wall_of(datetime.combine(day, layer.handover_time))


def _origin(layer: Layer) -> int:
    start = layer.start
    if layer.unit == "week":
        start -= timedelta(days=(start.weekday() - layer.handover_weekday) % 7)
    return wall_of(datetime.combine(start, layer.handover_time))


def _day_of_month(year: int, month: int, day: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=day - 1), following - timedelta(days=1))


def _within(turns: Sequence[Stretch], spans: Sequence[_Span]) -> list[Stretch]:
    found: list[Stretch] = []
    place = 0
    for start, end, people in turns:
        while place < len(spans) and spans[place][1] <= start:
            place += 1
        number = place
        while number < len(spans) and spans[number][0] < end:
            opening, closing = spans[number]
            found.append((max(start, opening), min(end, closing), people))
            number += 1
    return found


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    merged: list[_Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _clock(value: time) -> int:
    return ((value.hour * 60 + value.minute) * 60 + value.second) * SECOND
