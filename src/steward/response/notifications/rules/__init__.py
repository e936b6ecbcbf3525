"""Decisions about deliveries: where to send, when to try again, when to give up. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeVar

from steward.algorithms.backoff import next_delay

VERSION = 1
MAX_ATTEMPTS = 8
BASE = timedelta(seconds=5)
CAP = timedelta(minutes=5)
# A server that asks to wait is believed, but not for longer than a page is worth sending.
LONGEST_RETRY_AFTER = timedelta(minutes=10)

EMAIL = "email"
APPRISE = "apprise"


@dataclass(frozen=True, slots=True)
class Method:
    """A contact method as the decision sees it."""

    id: int
    channel: str
    target: str
    enabled: bool
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """Where one delivery goes; ``method_id`` is None for the person's own e-mail address."""

    method_id: int | None
    channel: str
    target: str


def usable(method: Method, email: str) -> bool:
    """Whether pages may go there: the address has been confirmed, or it is the one that the person signs in with."""
    return method.verified or (method.channel == EMAIL and method.target.lower() == email.lower() != "")


def targets(methods: Sequence[Method], email: str) -> list[Target]:
    """Every enabled method that is known to be the person's own, each target once; without one, their e-mail address.

    Methods that are all switched off do not make a person unreachable: being paged by mail is the smaller mistake.
    """
    found: dict[tuple[str, str], Target] = {}
    for method in methods:
        if method.enabled and usable(method, email):
            found.setdefault((method.channel, method.target), Target(method.id, method.channel, method.target))
    if not found and email:
        return [Target(None, EMAIL, email)]
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Answer:
    """How a try ended. ``maybe``: the message left and nobody said whether it arrived. ``reference``: what the provider
    calls the message."""

    ok: bool
    text: str
    retryable: bool = False
    maybe: bool = False
    retry_after: float | None = None
    reference: str = ""


Why = Literal["taken", "cancelled", "final", "gave-up", "again"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of the delivery, and why (a code; who writes it down puts it into words)."""

    state: Literal["sent", "retrying", "failed", "cancelled"]
    due_at: datetime | None
    why: Why


def after(answer: Answer, *, attempt: int, wanted: bool, now: datetime, seed: str) -> Outcome:
    """Decide what follows try number ``attempt`` (the first is 1). ``wanted``: the page has not been cancelled."""
    if answer.ok:
        return Outcome("sent", None, "taken")
    if not wanted:
        return Outcome("cancelled", None, "cancelled")
    if not answer.retryable:
        return Outcome("failed", None, "final")
    if attempt >= MAX_ATTEMPTS:
        return Outcome("failed", None, "gave-up")
    delay = next_delay(attempt, base=BASE, cap=CAP, jitter_seed=seed)
    if answer.retry_after is not None and answer.retry_after > 0:
        asked = timedelta(seconds=min(answer.retry_after, LONGEST_RETRY_AFTER.total_seconds()))
        delay = max(delay, asked)
    return Outcome("retrying", now + delay, "again")


def page_state(deliveries: Collection[str], current: str) -> str:
    """The state of a page from its deliveries' states: one that arrived is enough, and undoes a cancellation that
    came too late to stop it."""
    if "sent" in deliveries:
        return "sent"
    if current == "cancelled":
        return "cancelled"
    open_states = {"planned", "waiting", "bundled", "sending", "retrying"}
    if not deliveries or open_states.isdisjoint(deliveries):
        return "cancelled" if deliveries and set(deliveries) == {"cancelled"} else "failed"
    return "pending"


UNTRIED = frozenset({"planned", "waiting"})
# Kinds of subjects of which many may want the same person at once.
BUNDLED_KINDS = frozenset({"incident"})
LEAST_SEVERE = "SEV9"
LONGEST_BUNDLE, SHORTEST_BUNDLE = 3600, 10


def bundles(*, kind: str, state: str, seconds: int) -> bool:
    """Whether a delivery has to wait for its turn. What has been tried already has had its turn: the same message is
    tried again, under the same key and with nothing new in it."""
    return seconds > 0 and kind in BUNDLED_KINDS and state in UNTRIED


class Listed(Protocol):
    """What the order of a bundle needs of a page."""

    @property
    def severity(self) -> str: ...

    @property
    def page_id(self) -> int: ...


L = TypeVar("L", bound=Listed)


def worst_first(pages: Iterable[L]) -> list[L]:
    """The pages of a bundle: the most severe first, then in the order in which they were asked for."""
    return sorted(pages, key=lambda each: (each.severity or LEAST_SEVERE, each.page_id))
