"""Burden: of everybody, of one schedule; reports, notes, guards, proposals and pay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.forms import Form, ModelForm
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import Conflict, Invalid, StewardError
from steward.foundation.ui.views import export_csv, page
from steward.people.accounts import queries as accounts
from steward.response.burden import actions, forms, queries, rules, wording
from steward.response.burden.export import HEADER, row_of
from steward.response.oncall import queries as oncall

PERIODS = (30, 90, 365)


@page("oncall.view")
@require_GET
def everybody(request: HttpRequest) -> HttpResponseBase:
    """What on-call costs everybody."""
    actor, now = _actor(request), clock.now()
    days = _days(request)
    context = {
        "people": _lines(queries.burden(actor, now, days=days)),
        "days": days,
        "periods": PERIODS,
        "explained": wording.how_points_are_made(),
        "may_pay": actor.can("oncall.pay"),
        "tab": "burden",
    }
    return render(request, "burden/everybody.html", context)


@page("oncall.view")
@require_GET
def schedule(request: HttpRequest, slug: str) -> HttpResponseBase:
    """How good one schedule is: fairness, gaps, cover, overload, and a fairer rota."""
    return _schedule(request, slug, None, None)


@page("oncall.manage")
@require_POST
def guard(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Choose when the next shift is offered for cover."""
    actor = _actor(request)
    found = oncall.schedule_by_slug(actor, slug)
    form = forms.GuardForm(request.POST)
    if form.is_valid():
        try:
            actions.set_guard(actor=actor, now=clock.now(), schedule_id=found.pk, pages=form.cleaned_data["pages"])
        except Invalid as error:
            _show(error, form)
        else:
            messages.success(request, _("Saved."))
            return redirect("burden:schedule", slug=slug)
    return _schedule(request, slug, form, None)


@page("oncall.view")
@require_POST
def note(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Write a handoff note."""
    actor = _actor(request)
    found = oncall.schedule_by_slug(actor, slug)
    form = forms.NoteForm(request.POST)
    if form.is_valid():
        try:
            actions.add_note(actor=actor, now=clock.now(), schedule_id=found.pk, text=form.cleaned_data["text"])
        except Invalid as error:
            _show(error, form)
        else:
            messages.success(request, _("The note stands on the schedule's page."))
            return redirect("oncall:schedule", slug=slug)
    return _schedule(request, slug, None, form)


@page("oncall.manage")
@require_POST
def apply(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Make the proposed rota real."""
    made = actions.apply_proposal(actor=_actor(request), now=clock.now(), slug=slug)
    if not made:
        messages.info(request, _("The turns ahead are as fair as they can be."))
        return redirect("burden:schedule", slug=slug)
    text = ngettext("%(n)s turn changed hands.", "%(n)s turns changed hands.", made)
    messages.success(request, text % {"n": made})
    return redirect("oncall:schedule", slug=slug)


@page("oncall.view")
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, report_id: int) -> HttpResponseBase:
    """The short question after a shift."""
    actor = _actor(request)
    found = queries.reports(actor).filter(pk=report_id).first()
    initial = {"rating": found.rating, "hours_worked": found.hours_worked, "comment": found.comment} if found else {}
    form = forms.ReportForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.answer_report(actor=actor, now=clock.now(), report_id=report_id, **form.cleaned_data)
        except (Invalid, Conflict) as error:
            _show(error, form)
        else:
            messages.success(request, _("Thank you. It counts in the burden figures."))
            return redirect("oncall:mine")
    if found is None:
        actions.answer_report(actor=actor, now=clock.now(), report_id=report_id, hours_worked=None, rating=None)
    context = {"report": found, "form": form}
    return render(request, "burden/report.html", context, status=422 if request.method == "POST" else 200)


@page("oncall.pay")
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, organisation_id: int | None = None) -> HttpResponseBase:
    """What an organisation pays, and the export of a month."""
    actor, now = _actor(request), clock.now()
    organisations = list(accounts.organisations(actor).order_by("name"))
    home = accounts.home_organisation()
    key = organisation_id or (home.pk if home else organisations[0].pk)
    organisation = accounts.visible_organisation(actor, key)
    form = forms.PayForm(request.POST or None, instance=queries.pay_rule(key))
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_pay_rule(actor=actor, now=now, organisation_id=key, rates=rules.Rates(**form.cleaned_data))
        except Invalid as error:
            _show(error, form)
        else:
            messages.success(request, _("Saved."))
            return redirect("burden:pay-of", organisation_id=key)
    last = now.date().replace(day=1) - timedelta(days=1)
    context = {
        "organisation": organisation, "organisations": organisations, "form": form,
        "first": last.replace(day=1), "last": last,
    }  # fmt: skip
    return render(request, "burden/pay.html", context, status=422 if request.method == "POST" else 200)


@page("oncall.pay")
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Every shift between two days with what it earns, as CSV."""
    form = forms.MonthForm(request.GET)
    if not form.is_valid() or not 0 <= (form.cleaned_data["last"] - form.cleaned_data["first"]).days <= 366:
        messages.error(request, _("Choose the first and the last day, at most a year apart."))
        return redirect("burden:pay")
    first, last = form.cleaned_data["first"], form.cleaned_data["last"]
    rows = queries.pay_rows(_actor(request), first, last)
    return export_csv(f"on-call-{first}-{last}.csv", HEADER, (row_of(row) for row in rows), request=request)


@page("oncall.view")
@require_GET
def schedule_panel(request: HttpRequest, schedule_id: int) -> HttpResponseBase:
    """On a schedule's page: the last handoff notes."""
    found = oncall.schedule_by_id(_actor(request), schedule_id)
    context = {"schedule": found, "notes": queries.handoff_notes(schedule_id, 3), "form": forms.NoteForm()}
    return render(request, "burden/schedule_panel.html", context)


@page("oncall.view")
@require_GET
def questions(request: HttpRequest, days: int) -> HttpResponseBase:
    """On the home page (which asks for ``days``): shifts of the reader that ended and are not answered."""
    actor = _actor(request)
    found = queries.open_reports(actor.user_id, clock.now()) if actor.user_id else []
    return render(request, "burden/questions.html", {"reports": found})


def _schedule(
    request: HttpRequest, slug: str, guard_form: forms.GuardForm | None, note_form: forms.NoteForm | None
) -> HttpResponseBase:
    actor, now = _actor(request), clock.now()
    days = _days(request)
    found = queries.quality(actor, now, slug, days=days)
    rota = found.proposal
    context = {
        "schedule": found.schedule,
        "people": _lines(found.people),
        "fairness": round(100 * found.fairness),
        "gaps": found.gaps[:8],
        "needs": found.needs[:8],
        "proposal": rota,
        "before": round(100 * rota.before),
        "after": round(100 * rota.after),
        "days": days,
        "periods": PERIODS,
        "explained": wording.how_points_are_made(),
        "guard_form": guard_form or forms.GuardForm(initial={"pages": queries.guard_of(found.schedule.pk)}),
        "note_form": note_form,
        "may_manage": actor.can("oncall.manage"),
    }
    return render(request, "burden/schedule.html", context, status=422 if request.method == "POST" else 200)


def _lines(people: Any) -> list[dict[str, Any]]:
    most = max((each.behind.points for each in people), default=0.0) or 1.0
    return [
        {
            "person": each,
            "percent": 100 * each.behind.points / most,
            "share": round(100 * each.share),
            "nights": each.behind.weight.night / 3600,
            "weekends": each.behind.weight.weekend / 3600,
            "holidays": each.behind.weight.holiday / 3600,
            "too_much": [(wording.short(code), wording.too_much(code)) for code in each.too_much],
        }
        for each in people
    ]


def _days(request: HttpRequest) -> int:
    text = request.GET.get("days", "")
    return int(text) if text.isdecimal() and len(text) < 5 and int(text) in PERIODS else 90


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _show(error: StewardError, form: Form | ModelForm) -> None:  # type: ignore[type-arg]
    for name, texts in error.fields.items():
        form.add_error(name if name in form.fields else None, texts)  # type: ignore[arg-type]
    if not error.fields:
        form.add_error(None, error.message)
