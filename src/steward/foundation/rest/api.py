"""What every API router shares: bearer keys, paging by key, and errors as problem documents."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from ninja import Field, Schema

from steward.foundation.errors import Invalid


class KeysetQuery(Schema):
    """Query parameters of every list: how many, and the cursor of the page before."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str = Field("", max_length=500)


class BadCursor(Invalid):
    code = "bad-cursor"
    status = 400


def page_of(
    queryset: QuerySet[Any], query: KeysetQuery, order: Sequence[str], build: Callable[[Any], Any]
) -> dict[str, Any]:
    """One page of ``queryset`` in the given order (fields as for ``order_by``, the last one unique), built row by row,
    and the cursor of the next page. The position is a key, not an offset: rows added meanwhile repeat or hide none."""
    rows_query = queryset.order_by(*order)
    if query.cursor:
        rows_query = rows_query.filter(_after(queryset.model, order, _decode(query.cursor, len(order))))
    rows = list(rows_query[: query.limit + 1])
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    return {"items": [build(row) for row in rows], "next": _encode(rows[-1], order) if more else None}


def _encode(row: Model, order: Sequence[str]) -> str:
    values = [getattr(row, name.lstrip("-")) for name in order]
    return base64.urlsafe_b64encode(orjson.dumps(values, default=str)).decode().rstrip("=")


def _decode(cursor: str, length: int) -> list[Any]:
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise BadCursor(_("This cursor cannot be read. Start again without one.")) from error
    if not isinstance(values, list) or len(values) != length or any(isinstance(v, dict | list) for v in values):
        raise BadCursor(_("This cursor does not belong to this list. Start again without one."))
    return values


def _after(model: type[Model], order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows behind the given position: (a, b) > (x, y) written out, because directions may differ."""
    condition, equal = Q(), Q()
    for name, raw in zip(order, values, strict=True):
        field = name.lstrip("-")
        value = _typed(model, field, raw)
        lookup = "lt" if name.startswith("-") else "gt"
        condition |= equal & Q(**{f"{field}__{lookup}": value})
        equal &= Q(**{field: value})
    return condition


def _typed(model: type[Model], field: str, raw: Any) -> Any:
    try:
        value = model._meta.get_field(field).to_python(raw)  # type: ignore[union-attr]
        if isinstance(raw, str) and isinstance(value, datetime):
            value = parse_datetime(raw)
    except Exception as error:
        raise BadCursor(_("This cursor does not belong to this list. Start again without one.")) from error
    if value is None or (isinstance(value, int) and abs(value) >= 2**63) or (isinstance(value, str) and "\0" in value):
        raise BadCursor(_("This cursor does not belong to this list. Start again without one."))
    return value
