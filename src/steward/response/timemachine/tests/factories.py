"""Drafts and live routes for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from steward.foundation.actors import Actor
from steward.response.notifications.tests.factories import actor, user
from steward.response.timemachine import actions
from steward.response.timemachine.models import Draft
from steward.response.timemachine.rules.document import filled
from steward.response.triage.document import apply_document, document
from steward.response.triage.tests.factories import ADMIN, NOW, notify, policy

__all__ = ["ADMIN", "LATER", "NOW", "actor", "draft", "make_live", "pages", "route", "user", "viewer"]

LATER = NOW + timedelta(hours=1)


def route(name: str, *children: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A route of a document."""
    return {"name": name, "children": list(children), **fields}


def make_live(*routes: dict[str, Any], **parts: Any) -> None:
    """Make a configuration of these routes live, as if people had edited it."""
    default = document()["default"]
    apply_document(actor=ADMIN, now=NOW, document=filled({"default": default, "routes": list(routes), **parts}))


def pages(name: str) -> None:
    """An escalation policy of this name."""
    policy(notify(user()), name=name)


def draft(text: str | None = None, name: str = "Draft", by: Actor = ADMIN) -> Draft:
    """A draft from what is live, with this text if there is one."""
    made = actions.create_draft(actor=by, now=NOW, name=name)
    if text is not None:
        made = actions.save_draft(actor=by, now=NOW, draft_id=made.pk, revision=made.revision, text=text)
    return made


def viewer() -> Actor:
    """Somebody who may look at routes only."""
    return Actor(kind="user", label="viewer", id=user().pk, permissions=frozenset({"routes.view"}))
