"""Parts of the page behind a link in a message: an upper room adds to a page that works without signing in.

    linkparts.register("incident", LinkPart("worth", "debt/linked.html", show, act))

The page shows the part's template with what ``show`` returns (None: nothing to show), and hands a POST whose ``part`` is
the part's name to ``act``. Both get the actor of the link; ``act`` calls an action, as every door.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.template.loader import render_to_string

if TYPE_CHECKING:
    from datetime import datetime

    from steward.foundation.actors import Actor

Show = Callable[["Actor", int], "dict[str, Any] | None"]
Act = Callable[["Actor", int, "Mapping[str, str]", "datetime"], None]


@dataclass(frozen=True, slots=True)
class LinkPart:
    """One part; ``show`` and ``act`` get the subject's database key."""

    name: str
    template: str
    show: Show
    act: Act


_parts: dict[tuple[str, str], LinkPart] = {}


def register(subject_kind: str, part: LinkPart) -> None:
    """Add a part to the pages of this kind of subject; the same name again replaces it."""
    _parts[subject_kind, part.name] = part


def rendered(subject_kind: str, actor: Actor, subject_id: int, request: HttpRequest) -> list[str]:
    """The parts that have something to show about this subject, as HTML."""
    found: list[str] = []
    for (kind, _name), part in sorted(_parts.items()):
        context = part.show(actor, subject_id) if kind == subject_kind else None
        if context is not None:
            found.append(render_to_string(part.template, context, request))
    return found


def find(subject_kind: str, name: str) -> LinkPart | None:
    return _parts.get((subject_kind, name))
