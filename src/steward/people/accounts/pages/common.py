"""What the pages share."""

from __future__ import annotations

from typing import cast

from django import forms
from django.http import HttpRequest

from steward.foundation.actors import Actor
from steward.foundation.errors import StewardError


def actor_of(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def show(error: StewardError, form: forms.Form) -> None:
    """Put an action's complaint beside the fields it is about, and what is about none of them above the form."""
    named = {name: texts for name, texts in error.fields.items() if name in form.fields}
    for name, texts in named.items():
        form.add_error(name, texts)
    if not named:
        form.add_error(None, [error.message, *(text for texts in error.fields.values() for text in texts)])
