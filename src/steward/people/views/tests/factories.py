"""Saved views for tests."""

from __future__ import annotations

from typing import Any

from steward.foundation.actors import Actor
from steward.people.accounts.tests.factories import NOW, actor
from steward.people.views import actions
from steward.people.views.models import SavedView

__all__ = ["NOW", "actor", "saved"]


def saved(by: Actor, name: str = "Mine", **changes: Any) -> SavedView:
    """A view of the list of people, unless another is meant."""
    values: dict[str, Any] = {"list_key": "people", "query": "role=lead&sort=newest", **changes}
    return actions.create_view(actor=by, now=NOW, name=name, **values)
