"""The installation's channels: what is set up, and the form of each."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from steward.foundation import clock
from steward.foundation.errors import Invalid
from steward.foundation.ui.views import page
from steward.response.notifications import actions, queries
from steward.response.notifications.channels.base import callback_url
from steward.response.notifications.forms import ChannelForm
from steward.response.notifications.pages.contacts import actor_of


@page("people.manage")
@require_GET
def channels(request: HttpRequest) -> HttpResponseBase:
    """Every channel, and whether it can be used."""
    return render(request, "notifications/channels.html", {"channels": queries.channel_states(actor_of(request))})


@page("people.manage")
@require_http_methods(["GET", "POST"])
def channel(request: HttpRequest, channel: str) -> HttpResponseBase:
    """One channel's settings. Secrets go in and never come out."""
    actor = actor_of(request)
    state = queries.channel_state(actor, channel)
    form = ChannelForm(
        request.POST or None, channel=state.channel, known=state.known,
        initial={**state.values, "hourly": state.own_hourly},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_channel(
                actor=actor, now=clock.now(), channel=channel, values=form.values(), hourly=form.cleaned_data["hourly"]
            )
        except Invalid as error:
            for name, texts in (error.fields or {"": [error.message]}).items():
                form.add_error(name if name in form.fields else None, texts)
        else:
            messages.success(request, _("Saved."))
            return redirect("notifications:channels")
    context = {"form": form, "state": state, "callback": _callback(channel)}
    return render(request, "notifications/channel.html", context, status=422 if form.errors else 200)


@page("people.manage")
@require_POST
def channel_clear(request: HttpRequest, channel: str) -> HttpResponseBase:
    """Forget what is known for a channel."""
    actions.clear_channel(actor=actor_of(request), now=clock.now(), channel=channel)
    messages.success(request, _("Removed."))
    return redirect("notifications:channels")


def _callback(channel: str) -> str:
    """The address that an administrator has to write at the provider; the others are told it by Steward itself."""
    return callback_url(channel, "interactive") if channel == "slack" else ""
