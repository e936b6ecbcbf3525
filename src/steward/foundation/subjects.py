"""A link to any record, by kind and key, so that lower rooms can point at upper ones without importing them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubjectRef:
    """For example ``SubjectRef("incident", 12)``; the kind is the noun of the design, in the singular."""

    kind: str
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"
