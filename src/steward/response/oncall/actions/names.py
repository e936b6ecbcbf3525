"""Names and the slugs made of them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext as _

from steward.response.oncall.errors import NameTaken


def clean_name(name: str, error: type[Exception]) -> str:
    """The name on one line; ``error`` when nothing (or too much) is left."""
    text = " ".join(name.replace("\0", "").split())
    if not text or len(text) > 120:
        message = _("Write a name of 1 to 120 characters.")
        raise error(message, fields={"name": [message]})  # type: ignore[call-arg]
    return text


def require_free(model: type[models.Model], name: str, but: int | None = None) -> None:
    """NameTaken when another record has this name."""
    if model._default_manager.filter(name=name).exclude(pk=but or 0).exists():
        raise name_taken(name)


def name_taken(name: str) -> NameTaken:
    message = _("“%(name)s” is taken. Choose another name.") % {"name": name}
    return NameTaken(message, fields={"name": [message]})


def free_slug(model: type[models.Model], name: str, noun: str) -> str:
    """A slug made of the name; names without a Latin letter get the noun and a number."""
    base = slugify(name)[:70] or noun
    taken: set[Any] = set(model._default_manager.filter(slug__startswith=base).values_list("slug", flat=True))
    slug, number = base, 2
    # These are addresses of pages.
    while slug in taken or slug in {"new", "mine", "replace", "overrides", "swaps", "calendars"}:
        slug, number = f"{base}-{number}", number + 1
    return slug
