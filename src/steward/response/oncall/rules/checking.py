"""Whether a policy makes sense."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from steward.response.oncall.rules import hours, steps
from steward.response.oncall.rules.steps import Condition, Step

MOST_STEPS = 30
MOST_REPEATS = 10
LONGEST_WAIT = 24 * 60
MOST_PEOPLE = 50
MOST_ALERTS = 100_000
LONGEST_COUNT = 24 * 60

Complaint = tuple[int | None, str]


def check_steps(given: Sequence[Step], repeat: int) -> list[Complaint]:
    """What is wrong with a policy, as (index of the step or None, code); an empty list when it makes sense."""
    found: list[Complaint] = []
    if not 0 <= repeat <= MOST_REPEATS:
        found.append((None, "repeat"))
    if len(given) > MOST_STEPS:
        found.append((None, "too-many"))
    if not any(step.kind in steps.NOTIFYING for step in given):
        found.append((None, "nobody"))
    for index, step in enumerate(given):
        found += [(index, code) for code in _wrong_with(step)]
        if step.kind == steps.CONTINUE_IF and step.skip and index + step.skip >= len(given):
            # Jumping to right behind the last step would be an end that nobody reads as one.
            found.append((index, "skip-too-far"))
    if repeat > 0 and given and not _ends_with_a_wait(given):
        # Else the first step of the next round would page at the same moment as the last of this one.
        found.append((len(given) - 1, "no-last-wait"))
    return found


def _ends_with_a_wait(given: Sequence[Step]) -> bool:
    last = given[-1]
    return (last.kind == steps.WAIT and not last.only_if.asks) or (last.kind == steps.END and not last.only_if.asks)


def _wrong_with(step: Step) -> Iterator[str]:
    if step.kind not in steps.KINDS:
        yield "kind"
        return
    if step.kind == steps.WAIT and not 1 <= step.wait_minutes <= LONGEST_WAIT:
        yield "wait"
    if step.kind == steps.TURN_PEOPLE:
        if not step.people:
            yield "people"
        elif len(step.people) > MOST_PEOPLE or len(set(step.people)) != len(step.people):
            yield "people-twice"
    elif step.kind in steps.NOTIFYING and step.target_id is None:
        yield "target"
    if step.kind == steps.WAIT_HOURS:
        yield from _wrong_hours(step.hours, "hours")
        if step.only_if.hours is not None:
            yield "hours-twice"
    if step.kind == steps.CONTINUE_IF and not step.only_if.asks:
        yield "no-condition"
    if step.kind == steps.CONTINUE_IF and step.skip < 0:
        yield "skip-too-far"
    if step.kind == steps.RAISE_SEVERITY and step.severity not in steps.SEVERITIES:
        yield "severity"
    if step.kind == steps.WEBHOOK and not step.url:
        yield "url"
    if step.kind == steps.RUNBOOK and not step.label:
        yield "runbook"
    yield from _wrong_condition(step.only_if)


def _wrong_condition(condition: Condition) -> Iterator[str]:
    if condition.hours is not None:
        yield from _wrong_hours(condition.hours, "hours")
    if condition.severity and condition.severity not in steps.SEVERITIES:
        yield "severity"
    if condition.alerts is not None and not (
        0 <= condition.alerts <= MOST_ALERTS and 1 <= condition.minutes <= LONGEST_COUNT
    ):
        yield "alerts"


def _wrong_hours(given: hours.Hours | None, none: str) -> Iterator[str]:
    wrong = none if given is None else hours.wrong_with(given)
    if wrong:
        yield wrong
