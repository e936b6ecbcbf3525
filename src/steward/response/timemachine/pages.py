"""Pages of versions: the list, one version, any two compared."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, page
from steward.response.timemachine import actions, queries, shown
from steward.response.timemachine.forms import CommentForm, CompareForm, VersionFilters
from steward.response.timemachine.models import ConfigurationVersion
from steward.response.timemachine.rules.difference import difference

DRAFTS_SHOWN = 20
# Each holds a whole document.
EXPORTED_AT_ONCE = 100


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


@page("routes.view")
@require_safe
def version_list(request: HttpRequest) -> HttpResponseBase:
    """All versions, and the drafts that are being written."""
    actor = _actor(request)
    chosen = VersionFilters(request.GET)
    found = paginate(
        chosen.apply(queries.versions(actor)), request_params=request.GET.dict(), order=chosen.order, size=25
    )
    newest = queries.newest()
    context = {
        "filters": chosen, "page": found, "rows": shown.version_rows(found.items), "newest": newest,
        "drafts": queries.drafts(actor).filter(version=None)[:DRAFTS_SHOWN], "may_manage": actor.can("routes.manage"),
        "compare": CompareForm(initial={"left": max(newest.number - 1, 1), "right": newest.number} if newest else {}),
    }  # fmt: skip
    return render(request, "timemachine/list.html", context)


@page("routes.view")
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered versions as CSV."""
    actor = _actor(request)
    chosen = VersionFilters(request.GET)
    found = chosen.apply(queries.versions(actor)).order_by(*chosen.order)
    header = ["version", "at", "kind", "author", "comment", "changed"]
    return export_csv("versions.csv", header, _lines(found), request=request)


def _lines(found: QuerySet[ConfigurationVersion]) -> Iterator[tuple[object, ...]]:
    """All of them, some at a time: a version is compared with the one before, and each is a whole configuration."""
    rows = found.iterator(chunk_size=EXPORTED_AT_ONCE)
    while part := list(islice(rows, EXPORTED_AT_ONCE)):
        for row in shown.version_rows(part):
            each = row["version"]
            yield each.number, each.at, each.kind, each.author, each.comment, row["summary"]


@page("routes.view")
@require_safe
def version(request: HttpRequest, version_number: int) -> HttpResponseBase:
    """One version: its YAML, and what it changed."""
    actor = _actor(request)
    found = queries.version_by_number(actor, version_number)
    newest = queries.newest()
    context = {
        "version": found, "yaml": shown.yaml(found), "changes": shown.changes(queries.changes_of(found)),
        "newest": newest, "is_live": newest is not None and newest.pk == found.pk,
        "may_manage": actor.can("routes.manage"),
        "compare": CompareForm(initial={"left": found.number, "right": newest.number if newest else found.number}),
    }  # fmt: skip
    return render(request, "timemachine/version.html", context)


@page("routes.view")
@require_safe
def compare(request: HttpRequest) -> HttpResponseBase:
    """Any two versions."""
    actor = _actor(request)
    form = CompareForm(request.GET or None)
    context: dict[str, object] = {"compare": form, "changes": None}
    if form.is_bound and form.is_valid():
        left = queries.version_by_number(actor, form.cleaned_data["left"])
        right = queries.version_by_number(actor, form.cleaned_data["right"])
        found = difference(left.document, right.document)
        context |= {"left": left, "right": right, "changes": shown.changes(found)}
    return render(request, "timemachine/compare.html", context, status=422 if form.is_bound and form.errors else 200)


@page("routes.manage")
@require_POST
def roll_back(request: HttpRequest, version_number: int) -> HttpResponseBase:
    """Make an older version live again."""
    form = CommentForm(request.POST)
    comment = form.cleaned_data["comment"] if form.is_valid() else request.POST.get("comment", "")
    made = actions.roll_back(actor=_actor(request), now=clock.now(), number=version_number, comment=comment)
    text = _("The configuration of version %(old)s is live again, as version %(new)s.")
    messages.success(request, text % {"old": version_number, "new": made.number})
    return redirect("timemachine:version", made.number)
