"""What the pages share."""

from __future__ import annotations

from typing import cast

from django import forms
from django.http import HttpRequest

from steward.foundation.actors import Actor
from steward.foundation.errors import StewardError
from steward.people.accounts import queries as accounts


def actor_of(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def team_choices(actor: Actor) -> list[tuple[int, str]]:
    """Teams of our own organisation, by name."""
    found = accounts.teams(actor).filter(organisation__kind="home").order_by("name")
    return list(found.values_list("pk", "name"))


def people_choices(actor: Actor, also: set[int] | None = None) -> list[tuple[int, str]]:
    """Active people (and ``also`` those who stand in a form already), by name."""
    people = [
        user for user in accounts.users(actor).order_by("name", "pk") if user.is_active or user.pk in (also or ())
    ]
    return [(user.pk, str(user)) for user in people if user.is_active or user.pk in (also or ())]


def show(error: StewardError, form: forms.Form) -> dict[str, list[str]]:
    """Put an action's complaint beside the fields it is about; returns what belongs to no field of the form."""
    rest: dict[str, list[str]] = {}
    if not error.fields:
        form.add_error(None, error.message)
    for name, texts in error.fields.items():
        if name in form.fields:
            form.add_error(name, texts)
        else:
            rest[name] = texts
    return rest
