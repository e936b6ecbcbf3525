"""The audit trail: narrowed in the address, paged by key, exported as it is narrowed."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from steward.foundation.actors import Actor
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, page
from steward.people.audit import queries, trail


@page("audit.view")
@require_GET
def entries(request: HttpRequest) -> HttpResponseBase:
    """Who did what, newest first."""
    filters = trail.AuditFilters(request.GET)
    found = filters.apply(queries.entries(_actor(request)))
    shown = paginate(found, request_params=request.GET, order=filters.order)
    rows = [
        (entry, trail.changes_of(entry), trail.kind_word(entry.actor_kind), trail.kind_word(entry.subject_kind))
        for entry in shown.items
    ]
    return render(request, "audit/list.html", {"filters": filters, "page": shown, "rows": rows})


@page("audit.view")
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """The same entries as CSV, all of them."""
    filters = trail.AuditFilters(request.GET)
    found = filters.apply(queries.entries(_actor(request))).order_by(*filters.order)
    return export_csv("audit.csv", trail.CSV_HEADER, trail.csv_rows(found), request=request)


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]
