"""What an escalation does next, and whether a policy makes sense. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

NOTIFY_SCHEDULE = "notify_schedule"
NOTIFY_USER = "notify_user"
NOTIFY_TEAM = "notify_team"
WAIT = "wait"
NOTIFYING = (NOTIFY_SCHEDULE, NOTIFY_USER, NOTIFY_TEAM)

MOST_STEPS = 30
MOST_REPEATS = 10
LONGEST_WAIT = 24 * 60


@dataclass(frozen=True, slots=True)
class Step:
    """One step: whom to notify (``target_id`` and its name as it was), or how long to wait."""

    kind: str
    target_id: int | None = None
    label: str = ""
    wait_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A policy as it was when the escalation started."""

    policy_id: int | None
    policy: str
    version: int
    repeat: int
    steps: tuple[Step, ...]

    def to_json(self) -> dict[str, Any]:
        """The plan as it is stored with the escalation."""
        return {
            "policy": {"id": self.policy_id, "name": self.policy, "version": self.version},
            "repeat": self.repeat,
            "steps": [
                {"kind": step.kind, "id": step.target_id, "label": step.label, "wait_minutes": step.wait_minutes}
                for step in self.steps
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Plan:
        """The plan of a stored escalation."""
        policy = stored["policy"]
        steps = tuple(
            Step(step["kind"], step["id"], step["label"], step["wait_minutes"] or 0) for step in stored["steps"]
        )
        return cls(policy["id"], policy["name"], policy["version"], stored["repeat"], steps)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an escalation stands. ``position`` is the next step, ``round`` the repetition (0 is the first).

    ``asked`` and ``reached`` are about the steps since the last wait that was kept: was anybody asked for, was anybody
    paged. ``moved`` says whether this round has kept a wait or paged anybody: without either, repeating the
    round at the same moment could only do the same again.
    """

    position: int = 0
    round: int = 0
    asked: bool = False
    reached: bool = False
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Notify:
    """Page who the step names."""

    step: Step
    number: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait this long before going on."""

    step: Step
    number: int
    delay: timedelta


@dataclass(frozen=True, slots=True)
class SkipWait:
    """The steps before this wait reached nobody, so there is nobody to wait for."""

    step: Step
    number: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """All steps are done; begin again. ``round`` counts from 1."""

    round: int


@dataclass(frozen=True, slots=True)
class Exhausted:
    """There is nothing left to do; ``reason`` is a code: no-steps, no-rounds or no-use."""

    reason: str


Move = Notify | Wait | SkipWait | Repeat | Exhausted


def next_move(plan: Plan, place: Place) -> Move:
    """What the escalation does next from this place."""
    if not any(step.kind in NOTIFYING for step in plan.steps):
        return Exhausted("no-steps")
    if place.position >= len(plan.steps):
        if place.round >= plan.repeat:
            return Exhausted("no-rounds")
        return Repeat(place.round + 1) if place.moved else Exhausted("no-use")
    step, number = plan.steps[place.position], place.position + 1
    if step.kind != WAIT:
        return Notify(step, number)
    if place.asked and not place.reached:
        return SkipWait(step, number)
    return Wait(step, number, timedelta(minutes=step.wait_minutes))


def after_move(place: Place, move: Move, *, reached: bool = False) -> Place:
    """Where the escalation stands after a move; ``reached``: a notify step paged somebody."""
    match move:
        case Notify():
            return replace(
                place, position=place.position + 1, asked=True, reached=place.reached or reached,
                moved=place.moved or reached,
            )  # fmt: skip
        case Wait():
            return Place(place.position + 1, place.round, moved=True)
        case SkipWait():
            return replace(place, position=place.position + 1)
        case Repeat():
            # What this round asked and reached still decides whether a wait at the start of the next makes sense.
            return replace(place, position=0, round=move.round, moved=False)
        case Exhausted():
            return place


def resumed(position: int, round_number: int, *, all_failed: bool = False) -> Place:
    """The place of an escalation that comes back from a wait; ``all_failed``: every page it was waiting for failed,
    so that it stands there as if nobody had been paged."""
    return Place(position, round_number, asked=all_failed, moved=position > 0)


def stretch(plan: Plan, position: int) -> range:
    """The steps whose people an escalation is waiting for while ``position`` is its next step: those before the wait
    it is in, back to the wait before that."""
    end = position - 1
    start = end
    while start > 0 and plan.steps[start - 1].kind != WAIT:
        start -= 1
    return range(start, end) if end > start else range(0)


def check_steps(steps: Sequence[Step], repeat: int) -> list[tuple[int | None, str]]:
    """What is wrong with a policy, as (index of the step or None, code); an empty list when it makes sense."""
    found: list[tuple[int | None, str]] = []
    if not 0 <= repeat <= MOST_REPEATS:
        found.append((None, "repeat"))
    if len(steps) > MOST_STEPS:
        found.append((None, "too-many"))
    if not any(step.kind in NOTIFYING for step in steps):
        found.append((None, "nobody"))
    for index, step in enumerate(steps):
        if step.kind == WAIT:
            if not 1 <= step.wait_minutes <= LONGEST_WAIT:
                found.append((index, "wait"))
        elif step.kind not in NOTIFYING:
            found.append((index, "kind"))
        elif step.target_id is None:
            found.append((index, "target"))
    if repeat > 0 and steps and steps[-1].kind != WAIT:
        # Else the first step of the next round would page at the same moment as the last of this one.
        found.append((len(steps) - 1, "no-last-wait"))
    return found


def all_failed(states: Iterable[str]) -> bool:
    """Whether pages were asked for and every one of them failed for good."""
    known = list(states)
    return bool(known) and all(state == "failed" for state in known)
