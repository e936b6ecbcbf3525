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
    """Put an action's complaint beside the fields it is about."""
    if not error.fields:
        form.add_error(None, error.message)
    for name, texts in error.fields.items():
        field = "picked" if name == "matchers" and "picked" in form.fields else name
        for text in texts:
            form.add_error(field if field in form.fields else None, text)
