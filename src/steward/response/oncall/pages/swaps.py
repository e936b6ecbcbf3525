"""My shifts, and asking for cover."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.errors import Conflict, Invalid, NotFound
from steward.foundation.ui.views import is_htmx, page
from steward.response.oncall import actions, forms, queries
from steward.response.oncall.forms.common import number
from steward.response.oncall.models import Swap
from steward.response.oncall.pages.common import actor_of, people_choices, show
from steward.response.oncall.pages.overrides import suggested

AHEAD = timedelta(days=60)


@page("oncall.view")
@require_GET
def mine(request: HttpRequest) -> HttpResponseBase:
    """The reader's shifts, what they ask for, and what they are asked."""
    actor, now = actor_of(request), clock.now()
    if actor.user_id is None:
        raise NotFound(_("Shifts belong to a person. Sign in as one."))
    found = queries.mine(actor, now, AHEAD)
    waiting = [swap for swap in found.asked if swap.state == "open"]
    shifts = [
        {
            "shift": shift,
            "needs": [n for n in found.needs if n.shift.schedule_id == shift.schedule_id and _meet(n, shift)],
            "asked": [s for s in waiting if s.schedule_id == shift.schedule_id and _meet(s, shift)],
            "start": int(shift.start.timestamp()),
            "end": int(shift.end.timestamp()),
        }
        for shift in found.shifts
    ]
    context = {"shifts": shifts, "asked": found.asked, "offers": found.offers, "tab": "mine", "me": actor.user_id}
    return render(request, "oncall/mine.html", context)


@page("oncall.view")
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Ask for cover: a dialog for htmx, a page otherwise. Who changes schedules may ask for somebody else."""
    actor, now = actor_of(request), clock.now()
    schedule = queries.schedule_by_slug(actor, slug)
    initial = {**suggested(request, now), "user": number(request.GET.get("user", "")) or actor.user_id}
    form = forms.CoverForm(request.POST or None, people=people_choices(actor), initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            swap = actions.ask_for_cover(
                actor=actor, now=now, schedule_id=schedule.pk, user_id=data["user"] or actor.user_id or 0,
                start_at=data["start_at"], end_at=data["end_at"], offered_to_id=data["offered_to"], note=data["note"],
            )  # fmt: skip
        except (Invalid, Conflict) as error:
            show(error, form)
        else:
            messages.success(request, _told(swap))
            return redirect(_back(request, "oncall:mine"))
    context = {
        "schedule": schedule, "form": form, "local_zone": timezone.get_current_timezone_name(),
        "next": _back(request, "oncall:mine"),
    }  # fmt: skip
    template = "oncall/cover_dialog.html" if is_htmx(request) else "oncall/cover_form.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)


@page("oncall.view")
@require_POST
def take(request: HttpRequest, swap_id: int) -> HttpResponseBase:
    """Take somebody's shift."""
    actor = actor_of(request)
    return _answer(
        request,
        lambda: actions.take_swap(actor=actor, now=clock.now(), swap_id=swap_id, user_id=actor.user_id or 0),
        _("The shift is yours."),
    )


@page("oncall.view")
@require_POST
def decline(request: HttpRequest, swap_id: int) -> HttpResponseBase:
    """Say no to what one is asked."""
    return _answer(
        request,
        lambda: actions.decline_swap(actor=actor_of(request), now=clock.now(), swap_id=swap_id),
        _("Declined. Who asked is told."),
    )


@page("oncall.view")
@require_POST
def withdraw(request: HttpRequest, swap_id: int) -> HttpResponseBase:
    """Keep the shift after all."""
    return _answer(
        request,
        lambda: actions.withdraw_swap(actor=actor_of(request), now=clock.now(), swap_id=swap_id),
        _("Withdrawn; the shift stays as it was."),
    )


def _answer(request: HttpRequest, act: Callable[[], Swap], text: str) -> HttpResponseBase:
    act()
    messages.success(request, text)
    return redirect(_back(request, "oncall:mine"))


def _back(request: HttpRequest, otherwise: str) -> str:
    """Where the reader came from, if it is one of our pages."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse(otherwise)


def _told(swap: Swap) -> str:
    if swap.offered_to is not None:
        return _("%(person)s is asked.") % {"person": swap.offered_to}
    return _("It stands open for anybody to take.")


def _meet(part: Swap | queries.Need, shift: queries.ShiftView) -> bool:
    start, end = (part.start_at, part.end_at) if isinstance(part, Swap) else (part.start, part.end)
    return start < shift.end and end > shift.start
