"""Lookup tables: uploaded and replaced with a look at what changes, exported, removed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from steward.foundation import clock
from steward.foundation.errors import Invalid
from steward.foundation.ui.views import page
from steward.signals.alerts import csvtables, tables
from steward.signals.alerts.forms_enrichment import NewTableForm, TableForm
from steward.signals.alerts.models import LookupTable
from steward.signals.alerts.pages.alerts import actor_of
from steward.signals.alerts.pages.mapping import explain

ROWS_SHOWN = 20


@page("sources.view")
@require_safe
def table_list(request: HttpRequest) -> HttpResponseBase:
    """All tables."""
    actor = actor_of(request)
    return render(
        request, "alerts/tables.html", {"lines": tables.lines(actor), "may_manage": actor.can("sources.manage")}
    )


@page("sources.view")
@require_safe
def detail(request: HttpRequest, table_id: int) -> HttpResponseBase:
    """A table: its first rows, its versions, the rules that ask it."""
    actor = actor_of(request)
    table = tables.table_by_id(actor, table_id)
    newest = tables.newest(table)
    context = {
        "table": table, "version": newest, "versions": tables.versions(table), "rules": tables.users(table),
        "rows": tables.first_rows(newest, ROWS_SHOWN), "shown": ROWS_SHOWN, "may_manage": actor.can("sources.manage"),
    }  # fmt: skip
    return render(request, "alerts/table.html", context)


@page("sources.view")
@require_safe
def export(request: HttpRequest, table_id: int) -> HttpResponseBase:
    """Its rows as a CSV file."""
    table = tables.table_by_id(actor_of(request), table_id)
    headers = {"Content-Disposition": f'attachment; filename="{table.name}.csv"'}
    return HttpResponse(tables.export(table), content_type="text/csv; charset=utf-8", headers=headers)


@page("sources.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponseBase:
    """A new table."""
    form = NewTableForm(request.POST or None, request.FILES or None)
    return _save(request, form, None)


@page("sources.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest, table_id: int) -> HttpResponseBase:
    """Other rows for a table."""
    table = tables.table_by_id(actor_of(request), table_id)
    form = TableForm(request.POST or None, request.FILES or None)
    return _save(request, form, table)


def _save(request: HttpRequest, form: TableForm, table: LookupTable | None) -> HttpResponseBase:
    if request.method == "POST" and form.is_valid():
        try:
            made = tables.save_table(
                actor=actor_of(request), now=clock.now(), text=_text(form), key=request.POST.getlist("key"),
                name=form.cleaned_data.get("name", ""), note=form.cleaned_data["note"],
                table_id=table.pk if table else None,
            )  # fmt: skip
            messages.success(request, _("Version %(n)s of the table is in force.") % {"n": made.number})
            return redirect("alerts:table", made.table_id)
        except Invalid as error:
            explain(form, error)
    context = {"form": form, "table": table}
    return render(request, "alerts/table_form.html", context, status=422 if request.method == "POST" else 200)


@page("sources.manage")
@require_POST
def preview(request: HttpRequest) -> HttpResponseBase:
    """What the chosen file is: its columns with the key to choose, what is wrong with it, what it changes."""
    actor = actor_of(request)
    wanted = request.GET.get("table", "")
    table = tables.table_by_id(actor, int(wanted)) if wanted.isdecimal() and len(wanted) < 19 else None
    form = TableForm(request.POST, request.FILES)
    errors: list[str] = []
    looked: tables.Preview | None = None
    columns: tuple[str, ...] = ()
    key: list[str] = []
    if form.is_valid() and (form.cleaned_data["file"] or form.cleaned_data["content"].strip()):
        try:
            text = _text(form)
            columns = csvtables.header(text)
            held = tables.newest(table).key if table else []
            given = request.POST.getlist("key") or held
            key = [name for name in given if name in columns] or list(columns[:1])
            looked = tables.preview(text, key, table)
        except Invalid as error:
            errors = [text for texts in error.fields.values() for text in texts] or [error.message]
    context: dict[str, Any] = {
        "errors": errors, "columns": columns, "key": key, "looked": looked, "table": table,
        "rows": looked.content.rows[:5] if looked else [],
    }  # fmt: skip
    return render(request, "alerts/table_preview.html", context)


def _text(form: TableForm) -> str:
    file = form.cleaned_data["file"]
    if file:
        return tables.text_of(file.read(2 * csvtables.MAX_BYTES + 1))
    # Browsers send the lines of a text with two characters at their ends.
    return str(form.cleaned_data["content"]).replace("\r\n", "\n")


@page("sources.manage")
@require_POST
def restore(request: HttpRequest, table_id: int, lookup_version: int) -> HttpResponseBase:
    """The rows as they were."""
    number = min(lookup_version, 2**31 - 1)
    made = tables.restore_table(actor=actor_of(request), now=clock.now(), table_id=table_id, number=number)
    text = _("The rows are those of version %(old)s again; this is version %(n)s.")
    messages.success(request, text % {"old": number, "n": made.number})
    return redirect("alerts:table", table_id)


@page("sources.manage")
@require_POST
def delete(request: HttpRequest, table_id: int) -> HttpResponseBase:
    """Remove a table that no rule asks."""
    tables.delete_table(actor=actor_of(request), now=clock.now(), table_id=table_id)
    messages.success(request, _("The table was removed."))
    return redirect("alerts:tables")
