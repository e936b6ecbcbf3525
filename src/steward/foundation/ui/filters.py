"""Declarative list filters that live in the address, so that a filtered list can be sent to a colleague.

    class IncidentFilters(FilterSet):
        q = TextFilter(_("Search"), fields=("title", "ref"))
        state = ChoiceFilter(_("State"), choices=Incident.State.choices, field="state", multiple=True)
        mine = BoolFilter(_("Mine only"), apply=lambda queryset: queryset.filter(...))
        sorts = {"newest": Sort(_("Newest"), ("-opened_at", "-id"))}

    filters = IncidentFilters(request.GET, choices={"service": [...]})
    page = paginate(filters.apply(queryset), request_params=request.GET, order=filters.order)

`{% include "ui/filters.html" %}` draws it from the context variable `filters`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from steward.foundation.language import listed
from steward.foundation.ui.paging import PAGE_PARAMS

Text = str | Promise
Choices = Iterable[tuple[Any, Any]]
MAX_TEXT = 200
SHOWN_IN_SUMMARY = 2
# Says which saved view the address came from; empty: none, and on purpose.
VIEW_PARAM = "view"


@dataclass(frozen=True, slots=True)
class Sort:
    """One way to order the list; `order` is what `paginate` takes."""

    label: Text
    order: Sequence[str]


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a drop-down."""

    value: str
    label: Text
    selected: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """An applied filter with the address that takes it away."""

    name: str
    label: Text
    text: Text
    remove_url: str


class Filter:
    """What every filter knows; its name comes from the attribute it is assigned to."""

    template = ""
    name = ""

    def __init__(self, label: Text) -> None:
        self.label = label

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def read(self, data: QueryDict, choices: Choices | None) -> tuple[Any, list[str]]:
        """The value in the address and notes about what was ignored."""
        raise NotImplementedError

    def canonical(self, data: QueryDict) -> list[str]:
        """What of the address counts, in one form; nothing if the filter does what it does by itself."""
        value = data.get(self.name, "").replace("\x00", "").strip()
        return [value[:MAX_TEXT]] if value else []

    def apply(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """The queryset narrowed by the value."""
        raise NotImplementedError

    def shown(self, value: Any, choices: Choices | None) -> list[tuple[str, Text]]:
        """The chips of a value as (raw value, words)."""
        raise NotImplementedError


class TextFilter(Filter):
    """Free text, looked for in the named fields or handed to `apply`."""

    template = "ui/filter_text.html"

    def __init__(
        self,
        label: Text,
        *,
        fields: Sequence[str] = (),
        apply: Callable[[QuerySet[Any], str], QuerySet[Any]] | None = None,
        placeholder: Text = "",
    ) -> None:
        super().__init__(label)
        self.fields, self._apply, self.placeholder = fields, apply, placeholder or label

    def read(self, data: QueryDict, choices: Choices | None) -> tuple[str, list[str]]:
        """The text without surrounding space; PostgreSQL has no NUL, so it goes too."""
        text = data.get(self.name, "").replace("\x00", "").strip()
        if len(text) > MAX_TEXT:
            return text[:MAX_TEXT], [_("The search text was cut after %(n)s characters.") % {"n": MAX_TEXT}]
        return text, []

    def apply(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Rows in which any of the fields contains the text."""
        if self._apply is not None:
            return self._apply(queryset, value)
        condition = Q()
        for field in self.fields:
            condition |= Q(**{f"{field}__icontains": value})
        return queryset.filter(condition)

    def shown(self, value: str, choices: Choices | None) -> list[tuple[str, Text]]:
        """One chip with the text."""
        return [(value, value)]


class DayFilter(TextFilter):
    """A day, chosen in the browser's calendar; what it means is for `apply` to say."""

    template = "ui/filter_day.html"


class ChoiceFilter(Filter):
    """One or (`multiple`) several of known values; the value is always a list.

    `default` applies while the address does not name the filter; "any" is then written as `name=`.
    """

    template = "ui/filter_choice.html"

    def __init__(
        self,
        label: Text,
        *,
        choices: Choices | Callable[[], Choices] = (),
        field: str = "",
        apply: Callable[[QuerySet[Any], list[str]], QuerySet[Any]] | None = None,
        multiple: bool = False,
        default: Sequence[str] = (),
    ) -> None:
        super().__init__(label)
        self.choices, self.field, self._apply, self.multiple = choices, field, apply, multiple
        self.default = [default] if isinstance(default, str) else list(default)

    def known(self, choices: Choices | None) -> list[tuple[str, Text]]:
        """The allowed values with their words."""
        offered = choices if choices is not None else self.choices() if callable(self.choices) else self.choices
        return [(str(value), label) for value, label in offered]

    def read(self, data: QueryDict, choices: Choices | None) -> tuple[list[str], list[str]]:
        """The values that exist, without repeats; the others are noted."""
        if self.name not in data:
            return list(self.default), []
        asked = [value for value in dict.fromkeys(data.getlist(self.name)) if value]
        allowed = {value for value, _label in self.known(choices)}
        values = [value for value in asked if value in allowed]
        notes = [
            _("%(label)s has no value “%(value)s”; it was ignored.") % {"label": self.label, "value": value[:40]}
            for value in asked
            if value not in allowed
        ]
        return (values if self.multiple else values[:1]), notes

    def canonical(self, data: QueryDict) -> list[str]:
        """Values in alphabetical order; an empty one says "any" where something else applies by itself."""
        if self.name not in data:
            return []
        values = sorted({value.replace("\x00", "") for value in data.getlist(self.name)} - {""})
        if values == sorted(self.default):
            return []
        return values or [""]

    def apply(self, queryset: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        """Rows whose field is one of the values."""
        if self._apply is not None:
            return self._apply(queryset, value)
        return queryset.filter(**{f"{self.field or self.name}__in": value})

    def shown(self, value: list[str], choices: Choices | None) -> list[tuple[str, Text]]:
        """A chip for each value."""
        words = dict(self.known(choices))
        return [(each, words.get(each, each)) for each in value]


class BoolFilter(Filter):
    """On or off; off means that the filter does nothing."""

    template = "ui/filter_bool.html"

    def __init__(
        self, label: Text, *, field: str = "", apply: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None
    ) -> None:
        super().__init__(label)
        self.field, self._apply = field, apply

    def read(self, data: QueryDict, choices: Choices | None) -> tuple[bool, list[str]]:
        """On for 1, true, yes and on."""
        text = data.get(self.name, "").lower()
        if text in ("1", "true", "yes", "on"):
            return True, []
        if text in ("", "0", "false", "no", "off"):
            return False, []
        note = _("%(label)s is either on or off; “%(value)s” was ignored.") % {"label": self.label, "value": text[:40]}
        return False, [note]

    def canonical(self, data: QueryDict) -> list[str]:
        """Only being on counts."""
        return ["1"] if self.read(data, None)[0] else []

    def apply(self, queryset: QuerySet[Any], value: bool) -> QuerySet[Any]:
        """Rows for which the field is true."""
        if self._apply is not None:
            return self._apply(queryset)
        return queryset.filter(**{self.field or self.name: True})

    def shown(self, value: bool, choices: Choices | None) -> list[tuple[str, Text]]:
        """One chip with the label alone."""
        return [("1", _("yes"))]


@dataclass(frozen=True, slots=True)
class Control:
    """A filter as its template draws it."""

    name: str
    label: Text
    template: str
    value: Any
    options: list[Option]
    placeholder: Text = ""
    multiple: bool = False
    has_default: bool = False

    @property
    def summary(self) -> str:
        """What a closed multiple choice says."""
        chosen = [str(option.label) for option in self.options if option.selected]
        if not chosen:
            return _("any")
        return listed(chosen) if len(chosen) <= SHOWN_IN_SUMMARY else _("%(n)s chosen") % {"n": len(chosen)}


class FilterSet:
    """The filters of one list, read from the address."""

    filters: ClassVar[dict[str, Filter]] = {}
    sorts: ClassVar[Mapping[str, Sort]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Filter)}
        cls.filters = {**cls.filters, **own}

    @classmethod
    def parameters(cls) -> list[str]:
        """The names that an address of this list may have."""
        return [*cls.filters, *(["sort"] if cls.sorts else [])]

    @classmethod
    def canonical(cls, data: QueryDict) -> str:
        """What an address says about this list, in one form: two addresses with the same list have the same text."""
        query = QueryDict(mutable=True)
        for name, each in cls.filters.items():
            query.setlist(name, each.canonical(data))
        asked = data.get("sort", "")
        if asked in list(cls.sorts)[1:]:
            query["sort"] = asked
        return query.urlencode()

    def __init__(self, data: QueryDict, *, choices: Mapping[str, Choices] | None = None) -> None:
        self.data = data
        # What links to this list with other filters take along besides what is in the address.
        self.carried: dict[str, str] = {}
        # Materialised once: a choices list may be a query.
        self._choices: dict[str, list[tuple[Any, Any]]] = {
            name: list(offered) for name, offered in (choices or {}).items()
        }
        for name, each in self.filters.items():
            if isinstance(each, ChoiceFilter) and name not in self._choices:
                self._choices[name] = list(each.known(None))
        self.values: dict[str, Any] = {}
        self.notes: list[str] = []
        for name, each in self.filters.items():
            value, notes = each.read(data, self._choices.get(name))
            self.values[name] = value
            self.notes += notes
        self.sort = self._read_sort()

    def _read_sort(self) -> str:
        asked = self.data.get("sort", "")
        if asked and self.sorts and asked not in self.sorts:
            self.notes.append(_("The list cannot be sorted by “%(value)s”.") % {"value": asked[:40]})
        return asked if asked in self.sorts else next(iter(self.sorts), "")

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The queryset narrowed by every filter that is set."""
        for name, each in self.filters.items():
            if self.values[name]:
                queryset = each.apply(queryset, self.values[name])
        return queryset

    @property
    def order(self) -> Sequence[str]:
        """The order fields of the chosen sort, for `paginate`."""
        return self.sorts[self.sort].order if self.sorts else ("-pk",)

    @property
    def active(self) -> bool:
        """Is any filter set? Tells an empty list from a filter that finds nothing."""
        return any(self.values.values())

    @property
    def at_default(self) -> bool:
        """Is nothing set but what applies by itself? An empty list then says how things are, not what to change."""
        return all(
            self.values[name] == getattr(each, "default", []) or not self.values[name]
            for name, each in self.filters.items()
        )

    @property
    def chips(self) -> list[Chip]:
        """The applied filters, each with the address without it."""
        return [
            Chip(name, each.label, text, self._without(name, raw))
            for name, each in self.filters.items()
            if self.values[name]
            for raw, text in each.shown(self.values[name], self._choices.get(name))
        ]

    @property
    def controls(self) -> list[Control]:
        """The filters as templates draw them."""
        return [self._control(name, each) for name, each in self.filters.items()]

    @property
    def sort_options(self) -> list[Option]:
        """The ways to sort; one alone is no choice."""
        if len(self.sorts) < 2:
            return []
        return [Option(name, each.label, name == self.sort) for name, each in self.sorts.items()]

    @property
    def query(self) -> str:
        """What the present address says about the list, in its one form."""
        return self.canonical(self.data)

    @property
    def clear_url(self) -> str:
        """The address without any filter; the sort stays. No saved view looks like that, so it is left, too."""
        query = self._unpaged()
        if VIEW_PARAM in query:
            query[VIEW_PARAM] = ""
        for name, each in self.filters.items():
            query.pop(name, None)
            if isinstance(each, ChoiceFilter) and each.default:
                query[name] = ""
        return f"?{query.urlencode()}"

    def _control(self, name: str, each: Filter) -> Control:
        value = self.values[name]
        if not isinstance(each, ChoiceFilter):
            return Control(name, each.label, each.template, value, [], getattr(each, "placeholder", ""))
        options = [Option(str(raw), label, str(raw) in value) for raw, label in self._choices[name]]
        return Control(
            name, each.label, each.template, value, options, multiple=each.multiple, has_default=bool(each.default)
        )

    def _unpaged(self) -> QueryDict:
        query = self.data.copy()
        for name in PAGE_PARAMS:
            query.pop(name, None)
        for name, value in self.carried.items():
            query[name] = value
        return query

    def _without(self, name: str, raw: str) -> str:
        query = self._unpaged()
        each = self.filters[name]
        if isinstance(each, ChoiceFilter):
            left = [value for value in self.values[name] if value != raw]
            # An address that does not name the filter would bring its default back.
            query.setlist(name, left or ([""] if each.default else []))
        else:
            query.pop(name, None)
        return f"?{query.urlencode()}"
