"""The ledger, for auditors."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, page
from steward.response.ledger import listing, queries, wording


@page("audit.view")
@require_GET
def ledger(request: HttpRequest) -> HttpResponseBase:
    """What became of pages, the newest first, and whether the chain is whole."""
    filters = listing.LedgerFilters(request.GET)
    shown = paginate(filters.apply(queries.entries(_actor(request))), request_params=request.GET, order=filters.order)
    state = queries.state(clock.now())
    rows = [
        {
            "entry": each, "facts": sorted(each.change.items()),
            "hash": bytes(each.hash).hex()[:12] if each.hash is not None else "",
        }
        for each in shown.items
    ]  # fmt: skip
    context = {
        "filters": filters, "page": shown, "rows": rows, "state": state, "problem": wording.problem(state.problem),
        "checkpoint": queries.checkpoint(),
    }  # fmt: skip
    return render(request, "ledger/list.html", context)


@page("audit.view")
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """The same entries as CSV."""
    filters = listing.LedgerFilters(request.GET)
    found = filters.apply(queries.entries(_actor(request))).order_by(*filters.order)
    return export_csv("ledger.csv", listing.HEADER, listing.rows_of(found.iterator(chunk_size=1000)), request=request)


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]
