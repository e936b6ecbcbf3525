"""What the demo's people do about an incident, and when. Pure: the incident as seen in, acts out.

Everyone is predictable: the same incident number is always treated in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from steward.cli.demo import history

Verb = Literal["acknowledge", "note", "supplier-note", "raise", "resolve"]
# One incident in so many is left alone until the escalation has gone on to the team.
IGNORED_EVERY = 9


@dataclass(frozen=True, slots=True)
class Seen:
    """An active incident as its people see it; ages are in seconds of the demo."""

    number: int
    team: str
    severity: str
    age: float
    acknowledged_age: float | None
    notes: int
    by_hand: bool
    supplied: bool
    raised: bool


@dataclass(frozen=True, slots=True)
class Act:
    verb: Verb
    text: str = ""


def acts(seen: Seen) -> Sequence[Act]:
    """What somebody does about it now; nothing, most of the time."""
    rng = Random(seen.number)  # noqa: S311 - a story, not a secret
    patience = rng.uniform(15, 75) if seen.severity in {"SEV1", "SEV2"} else rng.uniform(40, 150)
    if seen.number % IGNORED_EVERY == 0:
        patience += 240
    if seen.acknowledged_age is None:
        return [Act("acknowledge")] if seen.age >= patience else []
    said = _words(seen, rng)
    found: list[Act] = []
    due = [at for at, _ in said if at <= seen.acknowledged_age]
    if seen.notes < len(due):
        found.append(said[seen.notes][1])
    if not seen.raised and seen.severity == "SEV3" and rng.random() < 0.12 and seen.acknowledged_age > 60:
        found.append(Act("raise", "More members are affected than it looked at first."))
    if seen.by_hand and seen.acknowledged_age > 200:
        found.append(Act("resolve", "The reporter confirms that it works again."))
    return found


def _words(seen: Seen, rng: Random) -> list[tuple[float, Act]]:
    """Notes in order, each with the seconds after the acknowledgement at which it is written."""
    team = seen.team if seen.team in history.LOOK else "applications"
    said = [
        (rng.uniform(10, 35), Act("note", rng.choice(history.LOOK[team]))),
        (rng.uniform(60, 110), Act("note", rng.choice(history.FOUND[team]))),
    ]
    if seen.supplied:
        said.append((rng.uniform(115, 140), Act("supplier-note", rng.choice(history.SUPPLIER_SAYS))))
    said.append((rng.uniform(150, 220), Act("note", rng.choice(history.FIXED))))
    return said
