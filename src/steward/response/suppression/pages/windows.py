"""Pages of maintenance: what runs and comes, one window, planning it, and the panel on a service's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from steward.foundation import clock
from steward.foundation.errors import Conflict, Invalid
from steward.foundation.moments import written
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import page
from steward.response.suppression import actions, queries
from steward.response.suppression.forms.plans import recurrence_words
from steward.response.suppression.forms.windows import WindowForm, new_values, window_values
from steward.response.suppression.models import MaintenanceWindow
from steward.response.suppression.pages.common import actor_of, show

DAYS = 14
TABS = ("current", "past")
EXTENSIONS = (30, 60, 240)


@dataclass(frozen=True, slots=True)
class Segment:
    """One run in the picture; places are percent of the two weeks."""

    left: str
    width: str
    title: str


@page("maintenance.view")
@require_safe
def window_list(request: HttpRequest) -> HttpResponseBase:
    """What runs and comes, with the coming two weeks as a picture; or what is past."""
    actor, now = actor_of(request), clock.now()
    past = request.GET.get("tab") == "past"
    found = queries.windows(actor)
    narrowed = found.expired(now) if past else found.exclude(pk__in=found.expired(now).values("pk"))
    order = ("-id",) if past else ("holds_from", "id")
    shown = paginate(narrowed, request_params=request.GET.dict(), order=order)
    context = {
        "page": shown, "rows": [_row(each, now) for each in shown.items], "past": past, "exists": found.exists,
        "may_manage": actor.can("maintenance.manage"), **({} if past else _picture(request, now)),
    }  # fmt: skip
    return render(request, "suppression/maintenance.html", context)


def _row(window: MaintenanceWindow, now: datetime) -> dict[str, Any]:
    return {"window": window, "state": window.state_at(now), "recurrence": recurrence_words(window)}


def _picture(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Two weeks from today, in the reader's zone."""
    first = timezone.localtime(now).date()
    start, end = _midnight(first), _midnight(first + timedelta(days=DAYS))
    rows = [
        {"window": each.window, "segments": [_segment(each.window, run.begins, run.ends, start, end) for run in each.runs]}
        for each in queries.planned(actor_of(request), start, end)
    ]  # fmt: skip
    days = [(f"{n * 100 / DAYS:.3f}", _day(first + timedelta(days=n), n)) for n in range(DAYS)]
    return {"picture": rows, "days": days, "now_left": _percent(now, start, end)}


def _day(day: date, number: int) -> str:
    return written(day, "j M") if number == 0 or day.day == 1 else written(day, "D") + f" {day.day}"


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _percent(moment: datetime, start: datetime, end: datetime) -> str:
    return f"{max(0.0, min(1.0, (moment - start) / (end - start))) * 100:.3f}"


def _segment(window: MaintenanceWindow, begins: datetime, ends: datetime, start: datetime, end: datetime) -> Segment:
    left, right = _percent(begins, start, end), _percent(ends, start, end)
    local = [written(timezone.localtime(each), "D j M H:i") for each in (begins, ends)]
    # Half an hour in two weeks is less than a pixel.
    width = f"{max(0.6, float(right) - float(left)):.3f}"
    return Segment(left, width, f"{window.title}: {local[0]} – {local[1]}")


@page("maintenance.view")
@require_safe
def detail(request: HttpRequest, window_id: int) -> HttpResponseBase:
    """One window: when, why, what it covers and what it holds now; panels add its scope and what fired."""
    actor, now = actor_of(request), clock.now()
    window = queries.window_by_id(actor, window_id)
    state = window.state_at(now)
    context = {
        **_row(window, now), "over": state == "expired", "matchers": queries.window_matchers_text(window),
        "held": queries.window_holds(actor, window),
        "may_manage": actor.can("maintenance.manage"), "extensions": () if window.rrule else EXTENSIONS,
    }  # fmt: skip
    return render(request, "suppression/window.html", context)


@page("maintenance.view")
@require_safe
def scope_panel(request: HttpRequest, window_id: int) -> HttpResponseBase:
    """On a window's page, after it: what the scope covers and by which way, and how it came to be so."""
    actor = actor_of(request)
    window = queries.window_by_id(actor, window_id)
    lines = queries.scope_of(actor, queries.chosen_of(window), dependants=window.dependants)
    versions = [] if actor.is_external else queries.versions_of(window)
    return render(request, "suppression/window_more.html", {"lines": lines, "versions": versions})


@page("maintenance.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponseBase:
    """Plan maintenance: empty, for a service, or like another one."""
    actor, now = actor_of(request), clock.now()
    form = WindowForm(actor, request.POST or None, initial=_initial(request, now))
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_window(actor=actor, now=now, work=form.work(now))
        except Invalid as error:
            show(error, form)
        else:
            messages.success(request, _("Planned. Alerts outside its scope page as always."))
            return redirect("suppression:window", made.pk)
    return _form(request, form, None)


def _initial(request: HttpRequest, now: datetime) -> dict[str, Any]:
    like, service = request.GET.get("like", ""), request.GET.get("service", "")
    if like.isascii() and like.isdigit() and len(like) < 18:
        values = window_values(queries.window_by_id(actor_of(request), int(like)))
        return {**values, **new_values(now), "ends_at": None, "version": None}
    chosen = [int(service)] if service.isascii() and service.isdigit() and len(service) < 18 else []
    return {**new_values(now), "services": chosen}


@page("maintenance.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, window_id: int) -> HttpResponseBase:
    """Change one that is not over."""
    actor, now = actor_of(request), clock.now()
    window = queries.window_by_id(actor, window_id)
    form = WindowForm(actor, request.POST or None, initial=window_values(window))
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"]
        try:
            actions.update_window(actor=actor, now=now, window_id=window_id, work=form.work(now), version=version)
        except (Invalid, Conflict) as error:
            show(error, form)
        else:
            messages.success(request, _("Saved."))
            return redirect("suppression:window", window_id)
    return _form(request, form, window)


def _form(request: HttpRequest, form: WindowForm, window: MaintenanceWindow | None) -> HttpResponse:
    context = {"form": form, "window": window}
    return render(request, "suppression/window_form.html", context, status=422 if request.method == "POST" else 200)


@page("maintenance.manage")
@require_POST
def preview(request: HttpRequest) -> HttpResponseBase:
    """What the form that is being filled in would cover and hold now."""
    actor = actor_of(request)
    form = WindowForm(actor, request.POST)
    form.is_valid()
    wrong = [*form.errors.get("items", []), *form.errors.get("matchers", [])]
    chosen = form.chosen()
    context: dict[str, Any] = {"matcher_errors": wrong}
    if chosen and not wrong:
        dependants, matchers = bool(form.cleaned_data.get("dependants")), form.cleaned_data.get("matchers", ())
        context["lines"] = queries.scope_of(actor, chosen, dependants=dependants)
        context["held"] = queries.scope_holds(actor, chosen, matchers, dependants=dependants)
    return render(request, "suppression/preview.html", context)


@page("maintenance.manage")
@require_POST
def end(request: HttpRequest, window_id: int) -> HttpResponseBase:
    """End it now, for good."""
    actions.end_window(actor=actor_of(request), now=clock.now(), window_id=window_id)
    messages.success(request, _("Ended. What still fires is judged again now."))
    return redirect("suppression:window", window_id)


@page("maintenance.manage")
@require_POST
def extend(request: HttpRequest, window_id: int) -> HttpResponseBase:
    """Let it last longer, by some minutes."""
    actor, text = actor_of(request), request.POST.get("minutes", "")
    minutes = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else EXTENSIONS[0]
    window = queries.window_by_id(actor, window_id)
    until = (window.ends_at or clock.now()) + timedelta(minutes=minutes)
    actions.extend_window(actor=actor, now=clock.now(), window_id=window_id, until=until)
    messages.success(request, _("Extended."))
    return redirect("suppression:window", window_id)


@page("maintenance.view")
@require_safe
def service_panel(request: HttpRequest, service_id: int) -> HttpResponseBase:
    """On a service's page: the windows whose scope it is in."""
    actor, now = actor_of(request), clock.now()
    rows = [_row(each, now) for each in queries.windows_of_service(actor, service_id, now)]
    context = {"rows": rows, "service_id": service_id, "may_manage": actor.can("maintenance.manage")}
    return render(request, "suppression/service_panel.html", context)
