"""One handling of an escalation: what its parts share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from steward.foundation.actors import Actor, system
from steward.foundation.events import publish
from steward.foundation.sentences import gettext as _
from steward.foundation.subjects import SubjectRef
from steward.response.notifications import actions as notifications
from steward.response.notifications import queries as pages
from steward.response.oncall import rules
from steward.response.oncall.events import PagedPerson, StepTaken, SubjectAsked
from steward.response.oncall.models import Escalation

ENGINE = system("engine")


@dataclass
class Run:
    """The locked row, its plan, and what has been done in this handling."""

    row: Escalation
    plan: rules.Plan
    now: datetime
    subject: SubjectRef
    paged: set[int] = field(default_factory=set)

    @property
    def message(self) -> dict[str, Any]:
        return dict(self.row.snapshot.get("message", {}))

    @cached_property
    def world(self) -> rules.World:
        """What conditions look at; the subject's owner is asked only if one does."""
        if not any(step.only_if.severity or step.only_if.alerts is not None for step in self.plan.steps):
            return rules.World(self.now)
        asked = SubjectAsked(self.subject, self.plan.asked_minutes, self.now)
        publish(asked)
        return rules.World(self.now, asked.severity, asked.alerts)

    def subject_changed(self) -> None:
        """A step changed the subject: conditions look again, and so do messages."""
        self.__dict__.pop("world", None)
        self.row.refresh_from_db(fields=["snapshot"])

    def key(self, *parts: object) -> str:
        return ":".join(str(part) for part in ("escalation", self.row.pk, *parts))

    def step_name(self, number: int) -> str:
        """ "Application, step 1 of 4", with the round when there are several."""
        values = {
            "policy": self.plan.policy, "step": number, "steps": len(self.plan.steps),
            "round": self.row.round + 1, "rounds": self.plan.repeat + 1,
        }  # fmt: skip
        if self.plan.repeat:
            return _("%(policy)s, step %(step)s of %(steps)s, round %(round)s of %(rounds)s") % values
        return _("%(policy)s, step %(step)s of %(steps)s") % values

    def policy_name(self) -> str:
        return _("policy %(policy)s, version %(version)s") % {"policy": self.plan.policy, "version": self.plan.version}

    def states(self, prefixes: list[str]) -> list[str]:
        """The states of the pages whose keys begin like this."""
        if not prefixes:
            return []
        return [each.state for each in self.outcomes() if each.key.startswith(tuple(prefixes))]

    def outcomes(self) -> list[pages.PageOutcome]:
        return pages.outcomes(self.subject, self.key(""))

    def tell(self, text: str, why: str, *, failed: bool = False) -> None:
        publish(StepTaken(self.subject, text, why, self.now, failed))

    def page(
        self,
        person: PagedPerson,
        key: str,
        step: str,
        importance: str = "important",
        actor: Actor = ENGINE,
        *,
        even_on_leave: bool = False,
    ) -> notifications.PageResult:
        message = self.message
        reason = {
            "why": person.why, "step": step, "policy_id": self.plan.policy_id, "policy": self.plan.policy,
            "policy_version": self.plan.version, "escalation_id": self.row.pk, "facts": message.get("facts", {}),
            "importance": importance,
        }  # fmt: skip
        return notifications.page(
            actor=actor, now=self.now, user_id=person.user_id, key=key, subject=self.subject,
            subject_label=self.row.subject_label, title=message.get("title", self.row.subject_label),
            body=message.get("body", ""), reason=reason, importance=importance,
            even_on_leave=even_on_leave,
        )  # fmt: skip
