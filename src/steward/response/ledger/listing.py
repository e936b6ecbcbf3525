"""How the ledger is narrowed and exported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from steward.foundation.ui.filters import ChoiceFilter, DayFilter, FilterSet, Sort, TextFilter
from steward.response.ledger.models import Entry, EntryKind

HEADER = ("sequence", "time", "kind", "record", "page", "user", "change", "hash")


def _number(field: str) -> Any:
    def narrow(found: QuerySet[Any], text: str) -> QuerySet[Any]:
        return found.filter(**{field: int(text)}) if text.isdecimal() and len(text) < 18 else found.none()

    return narrow


class LedgerFilters(FilterSet):
    """The filters of the page, all in its address."""

    page = TextFilter(_("Page"), apply=_number("page_id"))
    user = TextFilter(_("Person (key)"), apply=_number("user_id"))
    kind = ChoiceFilter(_("Kind"), choices=EntryKind.choices, field="kind")
    since = DayFilter(_("From"), apply=lambda found, text: _bounded(found, text, "gte", 0))
    until = DayFilter(_("To"), apply=lambda found, text: _bounded(found, text, "lt", 1))
    sorts = {
        "newest": Sort(_("newest first"), ("-at", "-id")),
        "oldest": Sort(_("oldest first"), ("at", "id")),
    }


def rows_of(found: Iterable[Entry]) -> Iterator[tuple[object, ...]]:
    """The rows of the export."""
    for entry in found:
        known = bytes(entry.hash).hex() if entry.hash is not None else ""
        change = json.dumps(entry.change, sort_keys=True, ensure_ascii=False)
        yield (entry.sequence, entry.at, entry.kind, entry.record_id, entry.page_id, entry.user_id, change, known)


def _bounded(found: QuerySet[Any], text: str, lookup: str, days: int) -> QuerySet[Any]:
    """From or until a day of the reader's zone, in which the page shows the times."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return found
    start = datetime.combine(day + timedelta(days=days), time(), timezone.get_current_timezone())
    return found.filter(**{f"at__{lookup}": start.astimezone(UTC)})
