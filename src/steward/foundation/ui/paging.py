"""Paging by key: as fast on the last page of a million rows as on the first, and stable while rows arrive.

A cursor is the order values of one row as JSON in base64url. It is not signed: it only says "continue behind
these values", and a reader sees no row through it that the queryset does not already allow.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Field, Q, QuerySet

from steward.foundation.ui.errors import BadCursor

PAGE_PARAMS = ("after", "before")
MAX_CURSOR = 2000


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """One page of rows and the cursors to its neighbours; nothing is counted."""

    items: list[Any]
    next_cursor: str | None
    previous_cursor: str | None

    @property
    def has_next(self) -> bool:
        """Is there a page behind this one?"""
        return self.next_cursor is not None

    @property
    def has_previous(self) -> bool:
        """Is there a page before this one?"""
        return self.previous_cursor is not None


@dataclass(frozen=True, slots=True)
class Key:
    """One field of the order."""

    name: str
    descending: bool
    nullable: bool = False
    field: Field[Any, Any] | None = None


def encode_cursor(values: Sequence[object]) -> str:
    """The opaque form of a row's order values."""
    text = json.dumps([_pack(value) for value in values], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> list[Any]:
    """The order values of a cursor; anything but what `encode_cursor` writes is a BadCursor."""
    if len(cursor) > MAX_CURSOR or not cursor.isascii():
        raise BadCursor
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = json.loads(raw.decode())
        if not isinstance(values, list):
            raise BadCursor
        return [_unpack(value) for value in values]
    except (binascii.Error, ValueError, TypeError, InvalidOperation, OverflowError, RecursionError) as error:
        raise BadCursor from error


_PACK: tuple[tuple[type, str], ...] = (
    (datetime, "t"),  # before date: every datetime is a date
    (date, "d"),
    (timedelta, "s"),
    (Decimal, "n"),
    (UUID, "u"),
)


def _pack(value: object) -> object:
    for kind, tag in _PACK:
        if isinstance(value, kind):
            if isinstance(value, timedelta):
                return [tag, str(value // timedelta(microseconds=1))]
            return [tag, value.isoformat() if isinstance(value, date) else str(value)]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"Rows cannot be ordered by a {type(value).__name__} in a cursor.")


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        tag, text = value
        if not isinstance(text, str):
            raise BadCursor
        if tag == "t":
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                raise BadCursor
            return moment
        readers: dict[str, Any] = {
            "d": date.fromisoformat,
            "s": lambda each: timedelta(microseconds=int(each)),
            "n": Decimal,
            "u": UUID,
        }
        if tag not in readers:
            raise BadCursor
        return readers[tag](text)
    # PostgreSQL has no NUL in text, and a cursor we wrote has none either.
    if isinstance(value, dict) or (isinstance(value, str) and "\x00" in value):
        raise BadCursor
    return value


def paginate(
    queryset: QuerySet[Any], *, request_params: Mapping[str, str], order: Sequence[str], size: int = 50
) -> KeysetPage:
    """One page of `queryset` in `order`, which must end in a unique field such as "-id".

    `?after=` continues forwards and `?before=` backwards. A damaged cursor raises BadCursor (400).
    """
    keys = [_key(queryset, name) for name in order]
    before, after = request_params.get("before", ""), request_params.get("after", "")
    backwards = bool(before)
    walk = [Key(key.name, key.descending != backwards, key.nullable, key.field) for key in keys]
    rows = queryset.order_by(*[f"-{key.name}" if key.descending else key.name for key in walk])
    cursor = before or after
    if cursor:
        rows = rows.filter(beyond(walk, _values(keys, cursor)))
    found = list(rows[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    # Coming from a neighbour proves that it exists, so only the far side needs the extra row.
    has_next = bool(found) and (more if not backwards else True)
    has_previous = bool(found) and (more if backwards else bool(after))
    return KeysetPage(
        items=found,
        next_cursor=encode_cursor(_row_values(found[-1], keys)) if has_next else None,
        previous_cursor=encode_cursor(_row_values(found[0], keys)) if has_previous else None,
    )


def beyond(keys: Sequence[Key], values: Sequence[Any]) -> Q:
    """The condition for the rows behind `values` in this order.

    PostgreSQL treats nulls as the largest values: last upwards, first downwards. A backwards walk is the mirror.
    """
    condition: Q | None = None
    for key, value in reversed(list(zip(keys, values, strict=True))):
        behind = _behind(key, value)
        same = Q(**{f"{key.name}__isnull": True}) if value is None else Q(**{key.name: value})
        condition = behind if condition is None else behind | (same & condition)
    if condition is None:
        raise ValueError("An order needs at least one field.")
    first, value = keys[0], values[0]
    if len(keys) > 1 and value is not None and not first.nullable:
        # Implied by the rest, but it is what lets PostgreSQL start in the middle of the index.
        condition = Q(**{f"{first.name}__{'lte' if first.descending else 'gte'}": value}) & condition
    return condition


def _behind(key: Key, value: Any) -> Q:
    null = Q(**{f"{key.name}__isnull": True})
    if value is None:
        return ~null if key.descending else Q(pk__in=[])
    if key.descending:
        return Q(**{f"{key.name}__lt": value})
    larger = Q(**{f"{key.name}__gt": value})
    return larger | null if key.nullable else larger


def _key(queryset: QuerySet[Any], name: str) -> Key:
    plain = name.removeprefix("-")
    field, nullable = _find(queryset, plain)
    return Key(plain, name.startswith("-"), nullable, field)


def _find(queryset: QuerySet[Any], path: str) -> tuple[Field[Any, Any] | None, bool]:
    """The model field behind a lookup path and whether it can be null; an annotation may be anything."""
    annotation = queryset.query.annotations.get(path)
    if annotation is not None:
        return getattr(annotation, "output_field", None), True
    model: Any = queryset.model
    nullable, field = False, None
    for part in path.split("__"):
        field = model._meta.pk if part == "pk" else model._meta.get_field(part)
        nullable = nullable or bool(field.null)
        model = field.related_model
    return field, nullable


def _values(keys: Sequence[Key], cursor: str) -> list[Any]:
    """The values of a cursor, each of the type its field has: a forged one must not reach the database."""
    values = decode_cursor(cursor)
    if len(values) != len(keys):
        raise BadCursor  # from a list in another order
    for key, value in zip(keys, values, strict=True):
        if value is None and not key.nullable:
            raise BadCursor
        if key.field is not None and value is not None:
            try:
                if key.field.to_python(value) != value:
                    raise BadCursor
            except (ValidationError, ValueError, TypeError, OverflowError) as error:
                raise BadCursor from error
    return values


def _row_values(row: Any, keys: Sequence[Key]) -> list[Any]:
    values = []
    for key in keys:
        value = row
        if isinstance(row, dict):
            value = row[key.name]
        else:
            for part in key.name.split("__"):
                value = None if value is None else getattr(value, part)
        values.append(value)
    return values
