"""The lists of all rooms by their keys, so that whoever keeps something about a list need not know its room.

    lists.register(ListPage("incidents", _("Incidents"), "incidents:list", IncidentFilters, "incidents.view"))

A room may offer saved views of them (`register_views`); `ui/filters.html` asks for what it has to show.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, QueryDict
from django.utils.functional import Promise

from steward.foundation.ui import navigation
from steward.foundation.ui.filters import VIEW_PARAM, FilterSet

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list that people filter and sort; `key` is its name for good, in the database and the API."""

    key: str
    label: str | Promise
    url_name: str
    filters: type[FilterSet]
    permission: str | None = None

    @property
    def url(self) -> str:
        """Its address without any filter."""
        return navigation.resolve(self.url_name)

    def address(self, query: str, view: object = None) -> str:
        """Its address with these filters, opened from this view (empty: from none)."""
        parameters = QueryDict(query, mutable=True)
        if view is not None:
            parameters[VIEW_PARAM] = str(view)
        return f"{self.url}?{parameters.urlencode()}" if parameters else self.url

    def open_to(self, actor: Actor) -> bool:
        """May this actor open it?"""
        return self.permission is None or actor.can(self.permission)


@dataclass(frozen=True, slots=True)
class Views:
    """What saved views put around a list's filters: templates, and what they are drawn from."""

    tabs: str
    tools: str
    context: Any


ViewSource = Callable[[HttpRequest, ListPage, FilterSet], "Views | None"]
_lists: dict[str, ListPage] = {}
_source: list[ViewSource] = []


def register(page: ListPage) -> None:
    """Make a list known; the same key again replaces it."""
    _lists[page.key] = page


def register_views(source: ViewSource) -> None:
    """Say who keeps saved views."""
    _source[:] = [source]


def lists() -> list[ListPage]:
    """Every list, by key."""
    return [_lists[key] for key in sorted(_lists)]


def by_key(key: str) -> ListPage | None:
    return _lists.get(key)


def of_request(request: HttpRequest) -> ListPage | None:
    """The list that this request opens."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    return next((page for page in _lists.values() if page.url_name == name), None)


def views_of(request: HttpRequest, filters: FilterSet) -> Views | None:
    """What saved views show on this page."""
    page = of_request(request)
    return _source[0](request, page, filters) if page and _source else None
