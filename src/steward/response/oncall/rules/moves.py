"""What an escalation does next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from steward.response.oncall.rules import steps
from steward.response.oncall.rules.steps import Plan, Step, Unmet, World, unmet

BREATH: Final = 5
"""Minutes before the next round of a policy whose conditions passed over every wait of this one: else all rounds would
be over at the moment at which the first began."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an escalation stands. ``position`` is the next step, ``round`` the repetition (0 is the first).

    ``asked`` and ``reached`` are about the steps since the last wait that was kept: was anybody asked for, was anybody
    paged. ``moved`` says whether this round has kept a wait or paged anybody: without either, repeating the
    round at the same moment could only do the same again. ``waited``: it has kept a wait.
    """

    position: int = 0
    round: int = 0
    asked: bool = False
    reached: bool = False
    moved: bool = False
    waited: bool = False


@dataclass(frozen=True, slots=True)
class Notify:
    """Page who the step names."""

    step: Step
    number: int


@dataclass(frozen=True, slots=True)
class Act:
    """Do something else: call a webhook, start a runbook, raise the severity."""

    step: Step
    number: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait this long before going on."""

    step: Step
    number: int
    delay: timedelta


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Wait until the hours of the step begin."""

    step: Step
    number: int
    until: datetime


@dataclass(frozen=True, slots=True)
class SkipWait:
    """The steps before this wait reached nobody, so there is nobody to wait for."""

    step: Step
    number: int


@dataclass(frozen=True, slots=True)
class PassOver:
    """The condition of the step does not hold."""

    step: Step
    number: int
    unmet: Unmet


@dataclass(frozen=True, slots=True)
class Met:
    """What the step waits or asks for holds already: on to the next."""

    step: Step
    number: int


@dataclass(frozen=True, slots=True)
class Jump:
    """The escalation does not continue here; it goes on behind the next ``step.skip`` steps."""

    step: Step
    number: int
    unmet: Unmet


@dataclass(frozen=True, slots=True)
class Repeat:
    """All steps are done; begin again. ``round`` counts from 1."""

    round: int


@dataclass(frozen=True, slots=True)
class Exhausted:
    """There is nothing left to do; ``reason`` is a code: no-steps, no-rounds, no-use, end (a step says so) or
    not-continued (with what the condition misses)."""

    reason: str
    unmet: Unmet | None = None
    step: Step | None = None
    number: int = 0


Move = Notify | Act | Wait | WaitUntil | SkipWait | PassOver | Met | Jump | Repeat | Exhausted


def next_move(plan: Plan, place: Place, world: World | None = None) -> Move:
    """What the escalation does next from this place. Without a ``world`` every condition holds."""
    if not any(step.kind in steps.NOTIFYING for step in plan.steps):
        return Exhausted("no-steps")
    if place.position >= len(plan.steps):
        return _round_over(plan, place)
    step, number = plan.steps[place.position], place.position + 1
    missing = unmet(step.only_if, world) if world is not None else None
    if step.kind == steps.CONTINUE_IF:
        return _continue(step, number, missing)
    if missing is not None:
        return PassOver(step, number, missing)
    if step.kind == steps.END:
        return Exhausted("end", step=step, number=number)
    if step.kind == steps.WAIT_HOURS:
        return _wait_for_hours(step, number, world)
    if step.kind != steps.WAIT:
        return Act(step, number) if step.kind in steps.ACTING else Notify(step, number)
    if place.asked and not place.reached:
        return SkipWait(step, number)
    return Wait(step, number, timedelta(minutes=step.wait_minutes))


def _round_over(plan: Plan, place: Place) -> Move:
    if place.round >= plan.repeat:
        return Exhausted("no-rounds")
    if not place.moved:
        return Exhausted("no-use")
    if not place.waited:
        step = Step(steps.WAIT, wait_minutes=BREATH)
        return Wait(step, len(plan.steps), timedelta(minutes=BREATH))
    return Repeat(place.round + 1)


def _continue(step: Step, number: int, missing: Unmet | None) -> Move:
    if missing is None:
        return Met(step, number)
    return Jump(step, number, missing) if step.skip else Exhausted("not-continued", missing, step, number)


def _wait_for_hours(step: Step, number: int, world: World | None) -> Move:
    if step.hours is None or world is None:
        return Met(step, number)
    until = step.hours.begin_after(world.now)
    return WaitUntil(step, number, until) if until > world.now else Met(step, number)


def after_move(place: Place, move: Move, *, reached: bool = False) -> Place:
    """Where the escalation stands after a move; ``reached``: a notify step paged somebody."""
    match move:
        case Notify():
            return replace(
                place, position=place.position + 1, asked=True, reached=place.reached or reached,
                moved=place.moved or reached,
            )  # fmt: skip
        case Wait() | WaitUntil():
            return Place(place.position + 1, place.round, moved=True, waited=True)
        case SkipWait() | Act() | Met():
            return replace(place, position=place.position + 1)
        case PassOver():
            # Somebody would have been asked: who waits for them now waits for nobody.
            asked = place.asked or move.step.kind in steps.NOTIFYING
            return replace(place, position=place.position + 1, asked=asked)
        case Jump():
            return replace(place, position=move.number + move.step.skip)
        case Repeat():
            # What this round asked and reached still decides whether a wait at the start of the next makes sense.
            return replace(place, position=0, round=move.round, moved=False, waited=False)
        case Exhausted():
            return place


def resumed(position: int, round_number: int, *, all_failed: bool = False) -> Place:
    """The place of an escalation that comes back from a wait; ``all_failed``: every page it was waiting for failed,
    so that it stands there as if nobody had been paged."""
    return Place(position, round_number, asked=all_failed, moved=position > 0, waited=position > 0)


def stretch(plan: Plan, position: int) -> range:
    """The steps whose people an escalation is waiting for while ``position`` is its next step: those before the wait
    it is in, back to the wait before that. Nobody, while it waits for hours to begin."""
    end = position - 1
    if 0 <= end < len(plan.steps) and plan.steps[end].kind == steps.WAIT_HOURS:
        return range(0)
    start = end
    while start > 0 and not _surely_kept(plan, start - 1):
        start -= 1
    return range(start, end) if end > start else range(0)


def _surely_kept(plan: Plan, index: int) -> bool:
    """Whether a step is a wait that nothing but unreachable people can have passed over. Of another wait nobody knows
    any more whether it was kept: then the people before it count, too."""
    step = plan.steps[index]
    if step.kind != steps.WAIT or step.only_if.asks:
        return False
    return not any(
        other.kind == steps.CONTINUE_IF and at < index <= at + other.skip for at, other in enumerate(plan.steps)
    )


def all_failed(states: Iterable[str]) -> bool:
    """Whether pages were asked for and every one of them failed for good."""
    known = list(states)
    return bool(known) and all(state == "failed" for state in known)
