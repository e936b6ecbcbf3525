"""Short names for addresses, made from names in any script."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify

ROOM_FOR_NUMBER = 10


def free_slug(among: QuerySet[Any], name: str, fallback: str, longest: int = 80) -> str:
    """A short name that no row of ``among`` has. A name without Latin letters becomes ``fallback``; a number tells
    apart what would be the same. Somebody may still take it before the write, which the unique column then refuses."""
    base = slugify(name)[: longest - ROOM_FOR_NUMBER].strip("-_") or fallback
    taken = set(among.filter(slug__startswith=base).values_list("slug", flat=True))
    # One more candidate than are taken, so one is free.
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 2))
    return next(slug for slug in (base, *numbered) if slug not in taken)
