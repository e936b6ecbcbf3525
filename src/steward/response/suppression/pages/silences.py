"""Pages of silences: the list, one silence, making and changing one, and panels on pages of other rooms."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from steward.foundation import clock
from steward.foundation.errors import Conflict, Invalid
from steward.foundation.ui.paging import paginate
from steward.foundation.ui.views import export_csv, page
from steward.response.incidents import queries as incidents
from steward.response.suppression import actions, queries
from steward.response.suppression.forms.plans import recurrence_words
from steward.response.suppression.forms.silences import SilenceForm, filters, silence_values
from steward.response.suppression.models import Silence
from steward.response.suppression.pages.common import actor_of, show
from steward.signals.alerts import queries as alerts

EXPORTED = 50_000
EXTENSIONS = (60, 240, 1440)
# A label that all alerts of an incident share says more than one that most of them have.
MOST_ALERTS = 500


@page("silences.view")
@require_safe
def silence_list(request: HttpRequest) -> HttpResponseBase:
    """The list; without filters, what is not over."""
    actor, now = actor_of(request), clock.now()
    chosen = filters(actor, request.GET)
    found = paginate(chosen.apply(queries.silences(actor)), request_params=request.GET.dict(), order=chosen.order)
    context = {
        "filters": chosen, "page": found, "rows": [_row(each, now) for each in found.items],
        "exists": queries.silences(actor).exists, "may_manage": actor.can("silences.manage"),
    }  # fmt: skip
    return render(request, "suppression/silences.html", context)


@page("silences.view")
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered list as CSV."""
    actor, now = actor_of(request), clock.now()
    chosen = filters(actor, request.GET)
    rows = chosen.apply(queries.silences(actor)).order_by(*chosen.order)[:EXPORTED]
    header = ["id", "state", "matchers", "comment", "author", "starts", "ends", "recurrence", "time zone", "source"]
    lines = (
        (
            each.pk, each.state_at(now), queries.matchers_text(each), each.comment, each.author, each.starts_at,
            each.ends_at, each.rrule, each.time_zone, each.source.name if each.source else "",
        )
        for each in rows.iterator(chunk_size=500)
    )  # fmt: skip
    return export_csv("silences.csv", header, lines, request=request)


@page("silences.view")
@require_safe
def detail(request: HttpRequest, silence_id: int) -> HttpResponseBase:
    """One silence: who, why, when, what it holds now, and how it came to be so."""
    actor, now = actor_of(request), clock.now()
    silence = queries.silence_by_id(actor, silence_id)
    state = silence.state_at(now)
    context = {
        **_row(silence, now), "silence": silence, "over": state == "expired",
        "held": queries.would_hold(actor, silence.parsed, source_id=silence.source_id),
        "versions": queries.versions_of(silence), "may_manage": actor.can("silences.manage"),
        "extensions": () if silence.rrule else EXTENSIONS,
        "soon": state == "active" and silence.noticed_at is not None and silence.holds_until == silence.ends_at,
    }  # fmt: skip
    return render(request, "suppression/silence.html", context)


def _row(silence: Silence, now: Any) -> dict[str, Any]:
    return {
        "silence": silence, "state": silence.state_at(now), "matchers": queries.matchers_text(silence),
        "recurrence": recurrence_words(silence),
    }  # fmt: skip


@page("silences.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponseBase:
    """A new silence: empty, or from an alert, an incident or another silence."""
    actor, now = actor_of(request), clock.now()
    labels, initial = _origin(request)
    form = SilenceForm(request.POST or None, labels=labels, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_silence(actor=actor, now=now, wish=form.wish(now))
        except Invalid as error:
            show(error, form)
        else:
            messages.success(request, _("Silenced. It ends by itself; end it earlier here."))
            return redirect("suppression:silence", made.pk)
    return _form(request, form, None)


def _origin(request: HttpRequest) -> tuple[dict[str, str], dict[str, Any]]:
    """The labels to tick and what the form begins with, from the address."""
    actor, asked = actor_of(request), request.GET
    if (key := _number(asked.get("alert"))) is not None:
        return alerts.alert_by_id(actor, key).labels, {}
    if (key := _number(asked.get("incident"))) is not None:
        found = incidents.by_number(actor, key)
        return _shared_labels([each.alert.labels for each in incidents.alerts(actor, found)[:MOST_ALERTS]]), {}
    if (key := _number(asked.get("like"))) is not None:
        values = silence_values(queries.silence_by_id(actor, key))
        return {}, {**values, "starts_at": None, "version": None, "length": "60", "ends_at": None}
    return {}, {"matchers": asked.get("matchers", "")[:20_000].replace("\0", "")}


def _shared_labels(all_labels: list[dict[str, str]]) -> dict[str, str]:
    """What all alerts have in common."""
    if not all_labels:
        return {}
    first, *others = all_labels
    return {name: value for name, value in first.items() if all(each.get(name) == value for each in others)}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None


@page("silences.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, silence_id: int) -> HttpResponseBase:
    """Change one that is not over."""
    actor, now = actor_of(request), clock.now()
    silence = queries.silence_by_id(actor, silence_id)
    form = SilenceForm(request.POST or None, initial=silence_values(silence))
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"]
        try:
            saved = actions.update_silence(
                actor=actor, now=now, silence_id=silence_id, wish=form.wish(now), version=version
            )
        except (Invalid, Conflict) as error:
            show(error, form)
        else:
            text = _("Saved.") if saved.pk == silence_id else _("Saved as a new silence; the old one has ended.")
            messages.success(request, text)
            return redirect("suppression:silence", saved.pk)
    return _form(request, form, silence)


def _form(request: HttpRequest, form: SilenceForm, silence: Silence | None) -> HttpResponse:
    context = {"form": form, "silence": silence, "query": request.GET.urlencode()}
    return render(request, "suppression/silence_form.html", context, status=422 if request.method == "POST" else 200)


@page("silences.manage")
@require_POST
def preview(request: HttpRequest) -> HttpResponseBase:
    """What the form that is being filled in would hold now."""
    labels, _initial = _origin(request)
    form = SilenceForm(request.POST, labels=labels)
    form.is_valid()
    context: dict[str, Any] = {"matcher_errors": form.errors.get("matchers", [])}
    matchers = form.all_matchers()
    if not context["matcher_errors"] and matchers:
        context["held"] = queries.would_hold(actor_of(request), matchers)
    return render(request, "suppression/preview.html", context)


@page("silences.manage")
@require_POST
def expire(request: HttpRequest, silence_id: int) -> HttpResponseBase:
    """End it now."""
    actions.expire_silence(actor=actor_of(request), now=clock.now(), silence_id=silence_id)
    messages.success(request, _("Ended. What it held and still fires is judged again now."))
    return redirect("suppression:silence", silence_id)


@page("silences.manage")
@require_POST
def extend(request: HttpRequest, silence_id: int) -> HttpResponseBase:
    """Let it last longer, by some minutes."""
    actor, now = actor_of(request), clock.now()
    silence = queries.silence_by_id(actor, silence_id)
    minutes = _number(request.POST.get("minutes")) or EXTENSIONS[0]
    if silence.rrule or silence.ends_at is None:
        raise Invalid(_("This silence recurs. Edit it instead."))
    plan = actions.Plan(silence.starts_at, silence.ends_at + timedelta(minutes=min(minutes, 10_080)))
    wish = actions.Wish(silence.parsed, silence.comment, plan, silence.notice_minutes)
    actions.update_silence(actor=actor, now=now, silence_id=silence_id, wish=wish, version=silence.version)
    messages.success(request, _("Extended."))
    return redirect("suppression:silence", silence_id)


@page("silences.view")
@require_safe
def alert_panel(request: HttpRequest, alert_id: int) -> HttpResponseBase:
    """On an alert's page: what silences it, and the way to a silence of it."""
    actor, now = actor_of(request), clock.now()
    alert = alerts.alert_by_id(actor, alert_id)
    rows = [_row(each, now) for each in queries.holding_alerts(actor, [alert], now)]
    url = f"{reverse('suppression:silence-new')}?alert={alert.pk}"
    context = {"rows": rows, "url": url, "may_manage": actor.can("silences.manage")}
    return render(request, "suppression/silence_panel.html", context)


@page("silences.view")
@require_safe
def incident_panel(request: HttpRequest, incident_id: int) -> HttpResponseBase:
    """On an incident's page: the way to a silence of what its alerts have in common, and which hold them now."""
    actor, now = actor_of(request), clock.now()
    incident = incidents.incidents(actor).filter(pk=incident_id).first()
    if incident is None:
        return HttpResponse(status=404)
    firing = [each.alert for each in incidents.alerts(actor, incident)[:MOST_ALERTS] if each.firing]
    found = queries.holding_alerts(actor, firing, now)
    url = f"{reverse('suppression:silence-new')}?incident={incident.number}"
    context = {"rows": [_row(each, now) for each in found], "url": url}
    return render(request, "suppression/silence_panel.html", {**context, "may_manage": actor.can("silences.manage")})


@page("sources.view")
@require_safe
def source_panel(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """On a source's page: whether its key may manage silences."""
    actor = actor_of(request)
    source = alerts.source_by_id(actor, source_id)
    context = {
        "source": source, "grant": queries.grant_of(source.pk), "may_manage": actor.can("sources.manage"),
        "number": queries.silences_of_source(source.pk).current(clock.now()).count(),  # type: ignore[attr-defined]
    }  # fmt: skip
    return render(request, "suppression/source_panel.html", context)


@page("sources.manage")
@require_POST
def allow_source(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """Let a source's key manage silences, or not any more."""
    allowed = request.POST.get("allowed") == "1"
    actions.let_source_silence(actor=actor_of(request), now=clock.now(), source_id=source_id, allowed=allowed)
    text = _("Its key may manage silences now.") if allowed else _("Its key may not manage silences any more.")
    messages.success(request, text)
    return redirect("alerts:source", source_id)
