"""What the routers share."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from ninja import Schema

from steward.foundation.actors import Actor

# What the database's key type can hold.
MAX_ID = 2**63 - 1


class OnCallPerson(Schema):
    id: int
    name: str


def actor_of(request: HttpRequest) -> Actor:
    """Who is asking."""
    return cast("Actor", request.actor)  # type: ignore[attr-defined]
