"""How the trail is narrowed, shown and exported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from steward.foundation.ui.filters import DayFilter, FilterSet, Sort, TextFilter
from steward.people.audit.models import AuditEntry

CSV_HEADER = (
    "time", "actor kind", "actor", "action", "subject kind", "subject id", "subject", "before", "after",
    "address", "request",
)  # fmt: skip


# Kinds of actors and of records; the codes are what filters, the API and the CSV speak.
KINDS = {
    "user": gettext_lazy("person"), "apikey": gettext_lazy("API key"), "link": gettext_lazy("link in a message"),
    "system": gettext_lazy("Steward itself"), "anonymous": gettext_lazy("not signed in"),
    "organisation": gettext_lazy("organisation"), "team": gettext_lazy("team"), "view": gettext_lazy("saved view"),
    "service": gettext_lazy("service"), "item": gettext_lazy("item"), "relation": gettext_lazy("relation"),
    "source": gettext_lazy("source"), "incident": gettext_lazy("incident"), "route": gettext_lazy("route"),
    "schedule": gettext_lazy("schedule"), "policy": gettext_lazy("escalation policy"),
    "contact_method": gettext_lazy("contact method"),
}  # fmt: skip


def kind_word(code: str) -> str:
    """The word for a kind; a kind of a later version is shown by its code."""
    return str(KINDS.get(code, code))


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an entry: what it was and what it became; ``None`` where there was nothing."""

    field: str
    before: str | None
    after: str | None


def by_actor(queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
    """``user:12`` finds a key, anything else a part of the name."""
    kind, colon, key = text.partition(":")
    if colon and _is_key(key):
        return queryset.filter(actor_kind=kind, actor_id=int(key))
    return queryset.filter(actor_label__icontains=text)


def by_action(queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
    """An action or the beginning of it: ``incident`` finds every ``incident.…``."""
    return queryset.filter(action__startswith=text.lower())


def by_subject(queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
    """``incident:12`` finds one record, anything else a kind or a part of the label."""
    kind, colon, key = text.partition(":")
    if colon and _is_key(key):
        return queryset.filter(subject_kind=kind, subject_id=int(key))
    return queryset.filter(Q(subject_kind=text) | Q(subject_label__icontains=text))


class AuditFilters(FilterSet):
    """The filters of the page, all in its address; ``since`` and ``until`` are days, both included."""

    actor = TextFilter(gettext_lazy("Who"), apply=by_actor)
    action = TextFilter(gettext_lazy("Action"), apply=by_action)
    subject = TextFilter(gettext_lazy("Subject"), apply=by_subject)
    since = DayFilter(gettext_lazy("From"), apply=lambda queryset, text: _bounded(queryset, text, "gte", 0))
    until = DayFilter(gettext_lazy("To"), apply=lambda queryset, text: _bounded(queryset, text, "lt", 1))
    sorts = {
        "newest": Sort(gettext_lazy("newest first"), ("-at", "-id")),
        "oldest": Sort(gettext_lazy("oldest first"), ("at", "id")),
    }

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        for name in ("since", "until"):
            if self.values[name] and _day(self.values[name]) is None:
                text = _("“%(value)s” is not a day such as 2026-03-01; it was ignored.")
                self.notes.append(text % {"value": self.values[name][:40]})
                self.values[name] = ""


def changes_of(entry: AuditEntry) -> list[Change]:
    """The entry's fields side by side, in alphabetical order."""
    before: Mapping[str, Any] = entry.before or {}
    after: Mapping[str, Any] = entry.after or {}
    return [
        Change(name, _text(before[name]) if name in before else None, _text(after[name]) if name in after else None)
        for name in sorted(before.keys() | after.keys())
    ]


def csv_rows(entries: QuerySet[AuditEntry]) -> Iterator[tuple[object, ...]]:
    """Rows of the export, read in pieces."""
    for entry in entries.iterator(chunk_size=1000):
        yield (
            entry.at, entry.actor_kind, entry.actor_label, entry.action, entry.subject_kind, entry.subject_id,
            entry.subject_label, _text(entry.before), _text(entry.after), entry.address, entry.request_id,
        )  # fmt: skip


def _bounded(queryset: QuerySet[Any], text: str, lookup: str, days: int) -> QuerySet[Any]:
    day = _day(text)
    if day is None:
        return queryset
    # A day of the reader's zone, in which the page shows the times.
    start = datetime.combine(day + timedelta(days=days), time(), timezone.get_current_timezone())
    return queryset.filter(**{f"at__{lookup}": start.astimezone(UTC)})


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) < 2**63


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
