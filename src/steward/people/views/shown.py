"""What the tabs and tools of saved views show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from steward.foundation.ui.context_processors import actor_of
from steward.foundation.ui.filters import VIEW_PARAM, FilterSet
from steward.foundation.ui.lists import ListPage, Views
from steward.people.views import queries


@dataclass(frozen=True, slots=True)
class Tab:
    """One view as a tab."""

    view: Any
    url: str
    active: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """Everything for one list: the tabs, and what can be done with the view that is open and the filters as they are.

    ``plain_url`` is the list as it is without any view; ``changed`` says that the open view's filters were changed since.
    """

    page: ListPage
    tabs: list[Tab]
    plain_url: str
    open: Any
    changed: bool
    may_change: bool
    query: str
    save_url: str

    @property
    def tools(self) -> bool:
        """Is there anything to keep?"""
        return self.changed if self.open else bool(self.query)

    @property
    def open_url(self) -> str:
        return self.page.address(self.open.query, self.open.pk)


def views_for(request: HttpRequest, page: ListPage) -> list[Any]:
    """The reader's views of the list, asked for once a request."""
    held: dict[str, list[Any]] = request.__dict__.setdefault("_saved_views", {})
    actor = actor_of(request)
    if page.key not in held:
        held[page.key] = queries.views_of(actor, page.key) if actor and actor.user_id and page.open_to(actor) else []
    return held[page.key]


def around(request: HttpRequest, page: ListPage, filters: FilterSet) -> Views | None:
    """What `ui/filters.html` shows of them."""
    actor = actor_of(request)
    if actor is None or not actor.user_id:
        return None
    views = views_for(request, page)
    asked, query = request.GET.get(VIEW_PARAM), filters.query
    chosen = next((each for each in views if str(each.pk) == asked), None)
    if chosen is None and asked != "" and query:
        # The same filters by another way, such as a colleague's link.
        chosen = next((each for each in views if each.query == query), None)
    has_first = any(each.is_first for each in views)
    if chosen is not None:
        filters.carried[VIEW_PARAM] = str(chosen.pk)
    elif has_first:
        filters.carried[VIEW_PARAM] = ""
    bar = Bar(
        page=page,
        tabs=[Tab(each, page.address(each.query, each.pk), each is chosen) for each in views],
        plain_url=page.address("", "") if has_first else page.url,
        open=chosen,
        changed=chosen is not None and chosen.query != query,
        may_change=chosen is not None and queries.may_change(actor, chosen),
        query=query,
        save_url=f"{reverse('views:new')}?{urlencode({'list': page.key, 'query': query})}",
    )
    return Views("views/tabs.html", "views/tools.html", bar)
