"""A list that is opened without any filter opens with the reader's first view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from steward.foundation.ui import lists
from steward.foundation.ui.views import is_htmx
from steward.people.views.shown import views_for


class FirstViews:
    """Only the bare address is sent on, to one that says all it shows: filters stay in the address. An empty query with
    a view that is none (``?view=``) is the way to the list as it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if request.method != "GET" or request.META.get("QUERY_STRING") or is_htmx(request):
            return None
        page = lists.of_request(request)
        first = next((each for each in views_for(request, page) if each.is_first), None) if page else None
        return redirect(page.address(first.query, first.pk)) if page and first else None
