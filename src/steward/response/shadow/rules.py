"""Two logs of notifications held against each other: what Alertmanager told and what Steward would have told. Pure.

A notification of one side and one of the other belong together when they go to the same receiver about the same group at
about the same time; what is left is put together by what its alerts have in common, and what then is left only one side
told. Whatever is not alike is given its likeliest reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

Outcome = Literal["both", "time", "receiver", "group", "only_alertmanager", "only_steward"]
Reason = Literal[
    "none", "group_wait", "group_interval", "repeat_interval", "late", "receiver", "unmapped", "group_by", "silence",
    "maintenance", "inhibition", "muted", "flapping", "symptom", "unknown_alert", "recorded", "unrouted",
    "silent_receiver", "held_there", "not_told",
]  # fmt: skip
HELD = ("silence", "maintenance", "inhibition", "muted", "flapping", "symptom", "recorded", "unrouted")
# From the worst: what an alert is called that was in several notifications.
WORST: tuple[str, ...] = ("only_alertmanager", "only_steward", "receiver", "group", "time", "both", "neither")
TOLERANCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Told:
    """One notification. ``receiver`` is the policy on both sides (empty: none is known); ``firing`` are fingerprints;
    ``began`` is the begin of its newest alert; the rest is Steward's: kind of notice, route, its timers."""

    id: int
    at: datetime
    receiver: str
    group: tuple[tuple[str, str], ...]
    firing: frozenset[str]
    ended: frozenset[str] = frozenset()
    name: str = ""
    began: datetime | None = None
    kind: str = ""
    route: str = ""
    group_wait: int = 0
    group_interval: int = 0
    repeat_interval: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """A notification of Alertmanager and one of Steward, or one of them alone; ``seconds`` is how much later Steward
    was."""

    outcome: Outcome
    theirs: Told | None
    ours: Told | None
    seconds: float = 0.0
    reason: Reason = "none"
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def firing(self) -> frozenset[str]:
        return (self.theirs.firing if self.theirs else frozenset()) | (self.ours.firing if self.ours else frozenset())

    @property
    def at(self) -> datetime:
        return min(each.at for each in (self.theirs, self.ours) if each is not None)


@dataclass(frozen=True, slots=True)
class Known:
    """What else is known when reasons are looked for: by fingerprint, what Steward decided last (outcome, in words);
    which receivers of Alertmanager told anything."""

    decided: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    alerts: frozenset[str] = frozenset()
    heard: frozenset[str] = frozenset()


def news_of_firing(theirs: Sequence[Told]) -> list[Told]:
    """Without those that only say that alerts have ended: Steward says that on the incident and pages nobody."""
    last: dict[tuple[str, tuple[tuple[str, str], ...]], Told] = {}
    kept = []
    for each in sorted(theirs, key=lambda told: (told.at, told.id)):
        place = (each.name, each.group)
        before = last.get(place)
        only_ends = before is not None and each.firing <= before.firing and not each.ended <= before.ended
        if each.firing and not only_ends:
            kept.append(each)
        last[place] = each
    return kept


def compare(theirs: Sequence[Told], ours: Sequence[Told], tolerance: timedelta = TOLERANCE) -> list[Pair]:
    """Put the two together, the nearest first; each is in one pair, and what it named alone in another."""
    reach = _reach(ours, tolerance)
    left, right = dict(enumerate(theirs)), dict(enumerate(ours))
    pairs: list[Pair] = []

    def take(outcome: Outcome, most: timedelta, alike: str) -> None:
        for _distance, i, j in sorted(_candidates(left, right, most, alike)):
            if i in left and j in right:
                a, b = left.pop(i), right.pop(j)
                pairs.append(Pair(outcome, a, b, (b.at - a.at).total_seconds()))

    take("both", tolerance, "same")
    take("group", tolerance, "receiver")
    take("time", reach, "same")
    take("receiver", reach, "alerts")
    pairs += _missing(pairs, theirs, ours, reach)
    pairs += [Pair("only_alertmanager", each, None) for each in left.values()]
    pairs += [Pair("only_steward", None, each) for each in right.values()]
    return sorted(pairs, key=lambda pair: pair.at)


def _missing(pairs: Sequence[Pair], theirs: Sequence[Told], ours: Sequence[Told], reach: timedelta) -> list[Pair]:
    """Alerts that only one side named in what both told, and that the other did not tell soon before or after either."""
    here, there = _times(ours), _times(theirs)
    found = []
    for pair in pairs:
        if pair.theirs is None or pair.ours is None:
            continue
        a, b = pair.theirs, pair.ours
        if left := frozenset(each for each in a.firing - b.firing if not _near(here.get(each, ()), a.at, reach)):
            found.append(Pair("only_alertmanager", replace(a, firing=left), None))
        if left := frozenset(each for each in b.firing - a.firing if not _near(there.get(each, ()), b.at, reach)):
            found.append(Pair("only_steward", None, replace(b, firing=left)))
    return found


def _times(told: Iterable[Told]) -> dict[str, list[datetime]]:
    found: dict[str, list[datetime]] = {}
    for each in told:
        for alert in each.firing:
            found.setdefault(alert, []).append(each.at)
    return found


def _near(times: Iterable[datetime], at: datetime, reach: timedelta) -> bool:
    return any(abs(each - at) <= reach for each in times)


def _reach(ours: Iterable[Told], tolerance: timedelta) -> timedelta:
    """How far apart two may be and still be the same thing told at different times."""
    slowest = max((each.group_wait + each.group_interval for each in ours), default=0)
    return tolerance + timedelta(seconds=max(slowest, 60))


def _candidates(
    left: Mapping[int, Told], right: Mapping[int, Told], most: timedelta, alike: str
) -> Iterable[tuple[float, int, int]]:
    """Every two that could belong together, with their distance: in the same place, or about a common alert."""
    places: dict[object, list[int]] = {}
    for j, told in right.items():
        for place in _places(told, alike):
            places.setdefault(place, []).append(j)
    seen = set()
    for i, told in left.items():
        for place in _places(told, alike):
            for j in places.get(place, ()):
                distance = abs(right[j].at - told.at)
                if distance <= most and (i, j) not in seen and told.firing & right[j].firing:
                    seen.add((i, j))
                    yield distance.total_seconds(), i, j


def _places(told: Told, alike: str) -> list[object]:
    if alike == "same":
        return [(told.receiver, told.group)] if told.receiver else []
    if alike == "receiver":
        return [(told.receiver, each) for each in told.firing] if told.receiver else []
    return list(told.firing)


def explain(pair: Pair, known: Known, tolerance: timedelta = TOLERANCE) -> Pair:
    """The pair with the likeliest reason for what is different."""
    reason: Reason = "none"
    facts: dict[str, str] = {}
    if pair.outcome == "time" and pair.theirs and pair.ours:
        reason, facts = _late(pair.theirs, pair.ours)
    elif pair.outcome == "receiver" and pair.theirs and pair.ours:
        reason = "receiver" if pair.theirs.receiver else "unmapped"
        facts = {"route": pair.ours.route, "there": pair.theirs.name, "here": pair.ours.receiver}
    elif pair.outcome == "group" and pair.theirs and pair.ours:
        reason = "group_by"
        facts = {"route": pair.ours.route, "there": _names(pair.theirs), "here": _names(pair.ours)}
    elif pair.outcome == "only_alertmanager" and pair.theirs:
        reason, facts = _not_here(pair.theirs, known)
    elif pair.outcome == "only_steward" and pair.ours:
        reason, facts = _not_there(pair.ours, known)
    return replace(pair, reason=reason, facts=facts)


def _late(theirs: Told, ours: Told) -> tuple[Reason, dict[str, str]]:
    facts = {"route": ours.route}
    if ours.kind in ("opened", "reopened", "storm"):
        began = ours.began or theirs.began
        there = f"{max(0.0, (theirs.at - began).total_seconds()):.0f}" if began else ""
        return "group_wait", facts | {"here": str(ours.group_wait), "there": there}
    if ours.kind == "changed":
        return "group_interval", facts | {"here": str(ours.group_interval)}
    if ours.kind == "repeat":
        return "repeat_interval", facts | {"here": str(ours.repeat_interval)}
    return "late", facts


def _not_here(theirs: Told, known: Known) -> tuple[Reason, dict[str, str]]:
    facts = {"there": theirs.name}
    if not theirs.firing & known.alerts:
        return "unknown_alert", facts
    for each in sorted(theirs.firing):
        outcome, words = known.decided.get(each, ("", ""))
        if outcome in HELD:
            return outcome, facts | {"why": words}  # type: ignore[return-value]
    if not theirs.receiver:
        return "unmapped", facts
    return "not_told", facts


def _not_there(ours: Told, known: Known) -> tuple[Reason, dict[str, str]]:
    facts = {"route": ours.route, "here": ours.receiver}
    if ours.kind == "repeat":
        return "repeat_interval", facts | {"here": str(ours.repeat_interval)}
    if ours.receiver not in known.heard:
        return "silent_receiver", facts
    return "held_there", facts


def _names(told: Told) -> str:
    return ", ".join(name for name, _value in told.group)


def by_alert(pairs: Iterable[Pair], fired: Iterable[str] = ()) -> dict[str, str]:
    """The outcome of every alert: the worst of its notifications; ``fired`` are alerts that may be in none."""
    found: dict[str, str] = dict.fromkeys(fired, "neither")
    for pair in pairs:
        for each in pair.firing:
            outcome: str = pair.outcome
            known = found.get(each, "neither")
            found[each] = min(known, outcome, key=WORST.index)
    return found


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a period."""

    counts: Mapping[str, int]
    agreement: float | None

    @property
    def differences(self) -> int:
        return sum(number for outcome, number in self.counts.items() if outcome != "both")


def summarise(pairs: Sequence[Pair]) -> Summary:
    """How many of each kind, and what part of all is alike (None: nothing was told, which is no agreement)."""
    counts: Counter[str] = Counter(pair.outcome for pair in pairs)
    return Summary(counts, counts["both"] / len(pairs) if pairs else None)
