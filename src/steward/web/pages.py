"""The home page, search, health and the page's manifest."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from steward.foundation import clock
from steward.foundation.ui.views import page
from steward.web import now as home
from steward.web.first_steps import first_steps
from steward.web.search import search as find


@page()
@require_safe
def now(request: HttpRequest) -> HttpResponseBase:
    """Is anything wrong, who is on it, what is about to go wrong."""
    return render(request, "web/now.html", home.gather(request.actor, clock.now()))  # type: ignore[attr-defined]


@page()
@require_safe
def now_live(request: HttpRequest) -> HttpResponseBase:
    """The changing part of the home page, for htmx."""
    return render(request, "web/now_live.html", home.gather(request.actor, clock.now()))  # type: ignore[attr-defined]


@page()
@require_safe
def now_first_steps(request: HttpRequest) -> HttpResponseBase:
    """What a new installation lacks, for htmx: apart, because the home page has enough to ask the database."""
    return render(request, "web/first_steps.html", {"first_steps": first_steps(request.actor)})  # type: ignore[attr-defined]


@page()
@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    """Hits of every kind; a single hit opens at once."""
    query = request.GET.get("q", "")
    groups = find(request.actor, query)  # type: ignore[attr-defined]
    hits = [hit for group in groups for hit in group.hits]
    if len(hits) == 1:
        return redirect(hits[0].url)
    return render(request, "web/search.html", {"query": query, "groups": groups})


@require_safe
def healthy(_request: HttpRequest) -> HttpResponse:
    """For load balancers: 200 while the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable"}, status=503)
    return JsonResponse({"status": "ok"})
