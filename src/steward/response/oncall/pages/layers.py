"""The editor of a layer, with a picture of what would come of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from steward.algorithms.rotation import RotationError
from steward.foundation import clock
from steward.foundation.errors import Conflict, Invalid
from steward.foundation.ui.views import page
from steward.response.oncall import actions, calendar, forms, queries
from steward.response.oncall.errors import LayerNotFound
from steward.response.oncall.forms.layers import (
    rows_of_turns,
    rows_of_windows,
    turns_of_rows,
    windows_of_rows,
)
from steward.response.oncall.models import Layer, Schedule
from steward.response.oncall.pages.common import actor_of, people_choices, show
from steward.response.oncall.queries.drafts import LayerInput, draft_roster
from steward.response.oncall.queries.layers import turns_of, windows_of

PREVIEW_WEEKS = 4


class Editor:
    """The form of one layer with its rows, as it was opened or posted."""

    def __init__(self, request: HttpRequest, found: Layer | None) -> None:
        self._request, self._found = request, found
        posted = request.method == "POST"
        self.form = forms.LayerForm(request.POST if posted else None, prefix="layer", initial=_initial(found))
        self.errors: dict[str, list[str]] = {}
        if posted:
            self.turns, self.hours = forms.turn_rows(request.POST), forms.hours_rows(request.POST)
        else:
            self.turns = rows_of_turns(turns_of(found)) if found else []
            self.hours = rows_of_windows(windows_of(found.windows)) if found else []

    def layer(self) -> LayerInput | None:
        """What was posted; None when it is not complete, with the complaints in the form."""
        windows, wrong = windows_of_rows(self.hours)
        if wrong:
            self.errors["windows"] = wrong
        if not self.form.is_valid() or wrong:
            return None
        key = self._found.pk if self._found else None
        data = {name: value for name, value in self.form.cleaned_data.items() if value is not None}
        return LayerInput(id=key, turns=turns_of_rows(self.turns), windows=windows, **data)

    def complain(self, rest: dict[str, list[str]], prefix: str = "") -> None:
        """Put an action's complaints beside the fields."""
        for name, texts in rest.items():
            key = name.removeprefix(prefix)
            if key in self.form.fields:
                self.form.add_error(key, texts)
            else:
                self.errors[key] = texts

    def context(self) -> dict[str, Any]:
        chosen = {row.user for row in self.turns}
        return {
            "editor": self.form,
            "turns": self.turns,
            "spare": range(1 if self.turns else 2),
            "empty_turn": forms.TurnRow(),
            "hours": self.hours,
            "empty_hours": forms.HoursRow(0, 4),
            "turn_errors": self.errors.get("turns", []),
            "hours_errors": self.errors.get("windows", []),
            "people": people_choices(actor_of(self._request), chosen),
            "weekdays": forms.WEEKDAYS,
            "more_open": any(name in self.form.errors for name in ("priority", "time_zone", "begins_at", "ends_at")),
        }


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def new_layer(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Add a layer."""
    return _edit(request, queries.schedule_by_slug(actor_of(request), slug), None)


@page("oncall.manage")
@require_http_methods(["GET", "POST"])
def edit_layer(request: HttpRequest, slug: str, layer_id: int) -> HttpResponseBase:
    """Change a layer."""
    schedule, found = _found(request, slug, layer_id)
    return _edit(request, schedule, found)


@page("oncall.manage")
@require_POST
def delete_layer(request: HttpRequest, slug: str, layer_id: int) -> HttpResponseBase:
    """Take a layer away."""
    _found(request, slug, layer_id)
    schedule = actions.remove_layer(actor=actor_of(request), now=clock.now(), layer_id=layer_id)
    messages.success(request, _("The layer was removed."))
    return redirect("oncall:schedule", slug=schedule.slug)


@page("oncall.manage")
@require_POST
def preview_layer(request: HttpRequest, slug: str, layer_id: int = 0) -> HttpResponseBase:
    """What the schedule would be with what is in the editor."""
    schedule = queries.schedule_by_slug(actor_of(request), slug)
    draft = draft_of(request, layer_id or None)
    return render(request, "oncall/layer_preview.html", picture_of(schedule, draft) if draft else {})


def draft_of(request: HttpRequest, layer_id: int | None = None) -> LayerInput | None:
    """The posted layer, if it can be drawn."""
    editor = Editor(request, Layer(pk=layer_id) if layer_id else None)
    layer = editor.layer()
    if layer is None or not layer.turns:
        return None
    try:
        actions.check_draft(layer)
    except Invalid:
        return None
    return layer


def picture_of(schedule: Schedule, draft: LayerInput) -> dict[str, Any]:
    """The next weeks of the schedule with this layer, for the preview."""
    now = clock.now()
    first = calendar.first_day(now, schedule.time_zone)
    start, end = calendar.range_of(first, PREVIEW_WEEKS, schedule.time_zone)
    try:
        roster = draft_roster(schedule, draft, start - timedelta(days=1), end)
    except RotationError:
        return {}
    order = [user.pk for user in roster.members]
    shifts = roster.between(start, end)
    return {
        "weeks": calendar.picture(
            shifts, first=first, weeks=PREVIEW_WEEKS, zone=schedule.time_zone, now=now, order=order
        ),
        "gaps": roster.gaps(max(start, now), end),
    }  # fmt: skip


def _found(request: HttpRequest, slug: str, layer_id: int) -> tuple[Schedule, Layer]:
    schedule = queries.schedule_by_slug(actor_of(request), slug)
    found = schedule.layers.prefetch_related("members").filter(pk=layer_id).first()
    if found is None:
        raise LayerNotFound(_("There is no such layer; it may have been removed already."))
    return schedule, found


def _edit(request: HttpRequest, schedule: Schedule, found: Layer | None) -> HttpResponseBase:
    editor = Editor(request, found)
    layer = editor.layer() if request.method == "POST" else None
    if layer is not None:
        values: dict[str, Any] = {"actor": actor_of(request), "now": clock.now(), "layer": layer}
        try:
            if found is None:
                actions.add_layer(schedule_id=schedule.pk, **values)
            else:
                actions.update_layer(layer_id=found.pk, **values)
        except (Invalid, Conflict) as error:
            editor.complain(show(error, editor.form))
        else:
            messages.success(request, _("%(schedule)s was saved.") % {"schedule": schedule.name})
            return redirect("oncall:schedule", slug=schedule.slug)
    context = {"schedule": schedule, "layer": found, **editor.context()}
    return render(request, "oncall/layer_form.html", context, status=422 if request.method == "POST" else 200)


def _initial(found: Layer | None) -> dict[str, Any]:
    if found is None:
        return {"start": timezone.localdate(clock.now())}
    return {name: getattr(found, name) for name in forms.LayerForm.base_fields}
