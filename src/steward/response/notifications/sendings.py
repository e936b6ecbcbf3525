"""A try in the form in which it leaves the room's database: what is said, to whom, and through what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from steward.foundation.subjects import SubjectRef
from steward.response.notifications import rules

NO_TIME = timedelta(0)


@dataclass(frozen=True, slots=True)
class Told:
    """One page as a message tells it."""

    page_id: int
    subject: SubjectRef
    subject_label: str
    title: str
    reason: dict[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> str:
        return str(self.reason.get("facts", {}).get("severity") or "")

    @property
    def service(self) -> str:
        return str(self.reason.get("facts", {}).get("service") or "")


@dataclass(frozen=True, slots=True)
class Sending:
    """A try that has been written down and must now be made. ``taken`` is what the server said when it took the message
    in a try that was cut off afterwards: there is nothing to send any more, only to write down. ``others`` are told in
    the same message; ``more``: the person was told of something else a moment ago. ``options`` are the method's own and
    ``settings`` the installation's, both opened."""

    delivery_id: int
    attempt: int
    key: str
    channel: str
    target: str
    page_id: int
    subject: SubjectRef
    subject_label: str
    title: str
    body: str
    user_id: int
    user_name: str
    language: str
    time_zone: str
    reason: dict[str, Any] = field(default_factory=dict)
    taken: str = ""
    others: tuple[Told, ...] = ()
    more: bool = False
    importance: str = "important"
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def attempt_key(self) -> str:
        """Of this try alone, while ``key`` is that of the delivery."""
        return f"{self.key}/{self.attempt}"

    @property
    def bundle(self) -> list[Told]:
        """Everything that the message tells, the most severe first."""
        own = Told(self.page_id, self.subject, self.subject_label, self.title, self.reason)
        return rules.worst_first([own, *self.others])
