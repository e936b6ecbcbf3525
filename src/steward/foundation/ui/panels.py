"""Panels: an upper room adds a slot to a page it must not be imported by; htmx fills the slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


@dataclass(frozen=True, slots=True)
class Panel:
    """A slot on the pages of one kind of subject; the named page takes the subject's id as its only argument."""

    subject_kind: str
    name: str
    url_name: str
    position: int = 100
    permission: str | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A panel bound to one subject."""

    name: str
    url: str


_panels: dict[tuple[str, str], Panel] = {}


def register(subject_kind: str, name: str, url_name: str, position: int = 100, permission: str | None = None) -> None:
    """Add a panel to every page of this kind of subject; the same name again replaces it."""
    _panels[subject_kind, name] = Panel(subject_kind, name, url_name, position, permission)


def slots_for(subject_kind: str, subject_id: object, actor: Actor | None) -> list[Slot]:
    """The slots this actor may see on this subject's page, in order."""
    found = []
    for panel in sorted(_panels.values(), key=lambda each: (each.position, each.name)):
        if panel.subject_kind != subject_kind:
            continue
        if panel.permission and not (actor is not None and actor.can(panel.permission)):
            continue
        try:
            found.append(Slot(panel.name, reverse(panel.url_name, args=[subject_id])))
        except NoReverseMatch:
            continue  # the room that owns the panel is not mounted
    return found
