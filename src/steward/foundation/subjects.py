"""A link to any record, by kind and key, so that lower rooms can point at upper ones without importing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from steward.foundation.errors import NotFound
from steward.foundation.language import listed

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


@dataclass(frozen=True, slots=True)
class SubjectRef:
    """For example ``SubjectRef("incident", 12)``; the kind is the noun of the design, in the singular."""

    kind: str
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


class SubjectNotFound(NotFound):
    code = "subject-not-found"


Finder = Callable[["Actor", str], SubjectRef]
_finders: dict[str, Finder] = {}


def register(kind: str, find: Finder) -> None:
    """The room that owns a kind of subject says how people's words for one (``INC-12``) become its key; ``find`` raises
    NotFound for what the actor may not see."""
    _finders[kind] = find


def find(actor: Actor, text: str) -> SubjectRef:
    """The record that ``incident:INC-12`` names, if there is one that this actor may see."""
    kind, colon, name = text.strip().partition(":")
    finder = _finders.get(kind)
    if finder is None or not colon:
        kinds = listed(sorted(_finders))
        raise SubjectNotFound(
            _("“%(text)s” names no record. Write kind:name, with one of these kinds: %(kinds)s")
            % {"text": text[:60], "kinds": kinds}
        )
    return finder(actor, name)
