"""Shifts with a name that stays: for calendars that others keep copies of.

:func:`resolve` merges and cuts, so that its shifts have no identity of their own. A piece has one: it is the part
``part`` of a turn, of a listed time or of an override, which begins at ``origin`` whatever covers it. When somebody
else takes the first hours of a turn, the rest is still the part 0 of that turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from steward.algorithms.calendars.wall import instant_of, moment_of
from steward.algorithms.rotation.parts import Layer, Listed, Member, Override, as_utc
from steward.algorithms.rotation.resolve import Duty, Segment, segments_of
from steward.algorithms.rotation.turns import longest_turn, of_members

_Whole = tuple[int, int]
_Key = tuple[int | None, int | None, Member, _Whole]  # layer, override, person, the whole time


@dataclass(frozen=True, slots=True)
class Piece:
    """From ``start`` until just before ``end`` (UTC) ``member`` is on call by the layer or override of that number;
    ``origin`` is where the whole turn, listed time or override begins, and ``whole_end`` where it ends."""

    start: datetime
    end: datetime
    member: Member
    layer: int | None
    override: int | None
    origin: datetime
    whole_end: datetime
    part: int


def pieces(
    layers: Sequence[Layer | Listed], overrides: Sequence[Override], start: datetime, end: datetime
) -> list[Piece]:
    """The whole pieces that touch the range, in order. Together they cover just what `resolve` says."""
    first, last = instant_of(as_utc(start)), instant_of(as_utc(end))
    if last <= first:
        return []
    low, high = _reach(layers, overrides, first, last)
    wholes = [_Wholes(layer, low, high) for layer in layers]
    spans = [(instant_of(each.start), instant_of(each.end)) for each in overrides]
    found: list[Piece] = []
    counted: dict[_Key, int] = {}
    open_ones: dict[_Key, Segment] = {}
    for segment in segments_of(layers, overrides, low, high):
        begin, until, duties = segment
        named = [(duty, _named(duty, begin, wholes, overrides, spans)) for duty in duties]
        going_on: dict[_Key, Segment] = {}
        for duty, key in named:
            before = open_ones.pop(key, None)
            since = before[0] if before is not None and before[1] == begin else None
            if before is not None and since is None:
                found.append(_piece(key, before, counted))
            going_on[key] = (begin if since is None else since, until, (duty,))
        for key, over in open_ones.items():
            found.append(_piece(key, over, counted))
        open_ones = going_on
    found.extend(_piece(key, over, counted) for key, over in open_ones.items())
    kept = [each for each in found if instant_of(each.start) < last and instant_of(each.end) > first]
    return sorted(kept, key=lambda each: (each.start, each.end))


class _Wholes:
    """The uncut times of a layer's people, to be asked which of them holds an instant."""

    def __init__(self, layer: Layer | Listed, first: int, last: int) -> None:
        margin = 0 if isinstance(layer, Listed) else longest_turn(layer)
        self._of: dict[Member, list[_Whole]] = {}
        if isinstance(layer, Listed):
            times = [(instant_of(each.start), instant_of(each.end), each.member) for each in layer.spans]
        else:
            times = of_members(layer, first - margin, last + margin)
        for start, end, member in sorted(times, key=lambda each: each[:2]):
            if start < last and end > first:
                self._of.setdefault(member, []).append((start, end))
        everything = [each for found in self._of.values() for each in found]
        self.low = min((start for start, _end in everything), default=first)
        self.high = max((end for _start, end in everything), default=last)
        self._place = dict.fromkeys(self._of, 0)

    def holding(self, member: Member, instant: int) -> _Whole:
        """The first of the member's times that holds the instant; asked in the order of time."""
        mine, place = self._of.get(member, ()), self._place.get(member, 0)
        while place < len(mine) and mine[place][1] <= instant:
            place += 1
        self._place[member] = place
        for each in mine[place:]:
            if each[0] <= instant < each[1]:
                return each
        # Only beyond the range asked for, where nothing is kept.
        return instant, instant


def _reach(layers: Sequence[Layer | Listed], overrides: Sequence[Override], first: int, last: int) -> tuple[int, int]:
    """The range, widened to the beginning and end of everything in it that may be cut up."""
    low, high = first, last
    for each in overrides:
        start, end = instant_of(each.start), instant_of(each.end)
        if start < last and end > first:
            low, high = min(low, start), max(high, end)
    for layer in layers:
        wholes = _Wholes(layer, first, last)
        low, high = min(low, wholes.low), max(high, wholes.high)
    return low, high


def _named(
    duty: Duty, instant: int, wholes: Sequence[_Wholes], overrides: Sequence[Override], spans: Sequence[_Whole]
) -> _Key:
    if duty.layer is not None:
        return duty.layer, None, duty.member, wholes[duty.layer].holding(duty.member, instant)
    # The last made of those that name the person.
    number = max(
        number
        for number, each in enumerate(overrides)
        if each.member == duty.member and spans[number][0] <= instant < spans[number][1]
    )
    return None, number, duty.member, spans[number]


def _piece(
    key: _Key,
    over: Segment,
    counted: dict[_Key, int],
) -> Piece:
    layer, override, member, (origin, whole_end) = key
    part = counted.get(key, 0)
    counted[key] = part + 1
    return Piece(
        moment_of(over[0]), moment_of(over[1]), member, layer, override, moment_of(origin), moment_of(whole_end), part
    )
