"""What a policy consists of: steps, each with an optional condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from steward.response.oncall.rules.hours import Hours

NOTIFY_SCHEDULE = "notify_schedule"
NOTIFY_PREVIOUS = "notify_previous"
NOTIFY_NEXT = "notify_next"
NOTIFY_USER = "notify_user"
NOTIFY_TEAM = "notify_team"
# In turn: each time one person, whoever has had it least recently.
TURN_TEAM = "turn_team"
TURN_PEOPLE = "turn_people"
WAIT = "wait"
WAIT_HOURS = "wait_hours"
CONTINUE_IF = "continue_if"
WEBHOOK = "webhook"
RUNBOOK = "runbook"
RAISE_SEVERITY = "raise_severity"
END = "end"

OF_SCHEDULES = (NOTIFY_SCHEDULE, NOTIFY_PREVIOUS, NOTIFY_NEXT)
OF_TEAMS = (NOTIFY_TEAM, TURN_TEAM)
IN_TURN = (TURN_TEAM, TURN_PEOPLE)
NOTIFYING = (*OF_SCHEDULES, NOTIFY_USER, *OF_TEAMS, TURN_PEOPLE)
WAITING = (WAIT, WAIT_HOURS)
ACTING = (WEBHOOK, RUNBOOK, RAISE_SEVERITY)
KINDS = (*NOTIFYING, *WAITING, CONTINUE_IF, *ACTING, END)
SEVERITIES = ("SEV1", "SEV2", "SEV3", "SEV4")

IMPORTANT, NORMAL = "important", "normal"


@dataclass(frozen=True, slots=True)
class Condition:
    """When a step is taken: everything that is asked for must hold. ``outside`` turns the hours round; ``severity`` is
    the mildest that will do; ``alerts``: more than so many within ``minutes``."""

    hours: Hours | None = None
    outside: bool = False
    severity: str = ""
    alerts: int | None = None
    minutes: int = 0

    @property
    def asks(self) -> bool:
        return self.hours is not None or bool(self.severity) or self.alerts is not None

    def to_json(self) -> dict[str, Any]:
        stored: dict[str, Any] = {}
        if self.hours is not None:
            stored["hours"] = self.hours.to_json()
            stored["outside"] = self.outside
        if self.severity:
            stored["severity"] = self.severity
        if self.alerts is not None:
            stored |= {"alerts": self.alerts, "minutes": self.minutes}
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Condition:
        hours = Hours.from_json(stored["hours"]) if stored.get("hours") else None
        return cls(
            hours, bool(stored.get("outside")), stored.get("severity", ""), stored.get("alerts"),
            stored.get("minutes", 0),
        )  # fmt: skip


ALWAYS = Condition()


@dataclass(frozen=True, slots=True)
class World:
    """What conditions look at: the time, the severity of the subject, and its alerts of the last so many minutes (by
    minutes). What is not known ("" and a number of minutes that is missing) keeps nobody from being paged."""

    now: datetime
    severity: str = ""
    alerts: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``target_id`` is the schedule, person or team that it names, ``label`` its name as it was, and of a
    runbook what calls it; ``people`` take turns; ``hours`` are what it waits for; ``skip``: how many steps are jumped
    over if it does not continue (0: the escalation ends); ``only_if``: else the step is passed over."""

    kind: str
    target_id: int | None = None
    label: str = ""
    wait_minutes: int = 0
    important: bool = True
    people: tuple[int, ...] = ()
    hours: Hours | None = None
    skip: int = 0
    severity: str = ""
    url: str = ""
    only_if: Condition = ALWAYS

    @property
    def importance(self) -> str:
        return IMPORTANT if self.important else NORMAL

    def extras(self) -> dict[str, Any]:
        """What only some steps have, as it is stored beside the kind."""
        stored: dict[str, Any] = {}
        if not self.important:
            stored["important"] = False
        if self.people:
            stored["people"] = list(self.people)
        if self.hours is not None:
            stored["hours"] = self.hours.to_json()
        stored |= {name: value for name in ("skip", "severity", "url") if (value := getattr(self, name))}
        if self.only_if.asks:
            stored["only_if"] = self.only_if.to_json()
        return stored

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "id": self.target_id, "label": self.label, "wait_minutes": self.wait_minutes,
            **self.extras(),
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Step:
        """Also of what was stored when steps were only a kind, a target and minutes."""
        return cls(
            stored["kind"], stored.get("id"), stored.get("label", ""), stored.get("wait_minutes") or 0,
            important=stored.get("important", True), people=tuple(stored.get("people", ())),
            hours=Hours.from_json(stored["hours"]) if stored.get("hours") else None, skip=stored.get("skip", 0),
            severity=stored.get("severity", ""), url=stored.get("url", ""),
            only_if=Condition.from_json(stored["only_if"]) if stored.get("only_if") else ALWAYS,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """A policy as it was when the escalation started."""

    policy_id: int | None
    policy: str
    version: int
    repeat: int
    steps: tuple[Step, ...]

    @property
    def asked_minutes(self) -> frozenset[int]:
        """The stretches of time for which conditions count alerts."""
        return frozenset(step.only_if.minutes for step in self.steps if step.only_if.alerts is not None)

    def to_json(self) -> dict[str, Any]:
        """The plan as it is stored with the escalation."""
        return {
            "policy": {"id": self.policy_id, "name": self.policy, "version": self.version},
            "repeat": self.repeat,
            "steps": [step.to_json() for step in self.steps],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Plan:
        """The plan of a stored escalation."""
        policy = stored["policy"]
        steps = tuple(Step.from_json(step) for step in stored["steps"])
        return cls(policy["id"], policy["name"], policy["version"], stored["repeat"], steps)


@dataclass(frozen=True, slots=True)
class Unmet:
    """Why a condition does not hold: hours, severity or alerts, with what it is instead."""

    what: str
    found: str = ""


def unmet(condition: Condition, world: World) -> Unmet | None:
    """The first thing that keeps the condition from holding; None when it holds."""
    if condition.hours is not None and condition.hours.hold(world.now) == condition.outside:
        return Unmet("inside" if condition.outside else "outside")
    if condition.severity and world.severity and world.severity > condition.severity:
        return Unmet("severity", world.severity)
    if condition.alerts is not None:
        found = world.alerts.get(condition.minutes)
        if found is not None and found <= condition.alerts:
            return Unmet("alerts", str(found))
    return None
