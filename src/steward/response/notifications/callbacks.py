"""Where providers call back: buttons that people press in a message, and what became of messages.

One door for all channels. Nothing is believed but what the channel has found to be genuine; it needs no sign-in and no
token of a form, because it is not a browser that calls.
"""

from __future__ import annotations

import json
import logging

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from steward.foundation import clock
from steward.foundation.errors import StewardError
from steward.foundation.sealing import seal
from steward.response.notifications import actions, channels, jobs, queries
from steward.response.notifications.channels.base import Call, Heard, NotGenuine, here

log = logging.getLogger(__name__)
BODY_LIMIT = 256 * 1024


@csrf_exempt
@never_cache
@require_POST
def callback(request: HttpRequest, channel: str, path: str = "") -> HttpResponse:
    """One call of a provider."""
    found = channels.get(channel)
    if found is None:
        return _plain(_("There is no such channel."), 404)
    if int(request.headers.get("Content-Length") or 0) > BODY_LIMIT or len(request.body) > BODY_LIMIT:
        return _plain(_("The body is too large."), 413)
    # The address as the provider knows it: signatures are over it, and a proxy may have changed what arrives here.
    url = here(request.get_full_path())
    call = Call(url, path, request.headers, request.body, clock.now())
    try:
        heard = found.hear(call, queries.installed(channel))
    except NotGenuine as problem:
        log.warning("a call to channel %s was refused: %s", channel, problem)
        return _plain(_("This call is not from the channel's provider, or says nothing that Steward knows."), 403)
    reply = found.reply(heard, _act(channel, heard))
    if reply.then is not None:
        # Sealed: it may hold an address that lets anybody write into the conversation.
        jobs.follow_up.defer(channel=channel, then=seal(json.dumps(dict(reply.then))))
    return HttpResponse(reply.body, status=reply.status, content_type=reply.type)


def _act(channel: str, heard: Heard) -> str:
    """Do what was heard; what to tell who pressed. One action a call."""
    now = clock.now()
    try:
        if heard.press is not None:
            press = heard.press
            return actions.answer(
                now=now, channel=channel, verb=press.verb, token=press.token, page_id=press.page_id,
                address=press.address, by=press.by,
            )  # fmt: skip
        if heard.report is not None:
            report = heard.report
            actions.note_receipt(
                now=now, reference=report.reference, status=report.status, text=report.text, failed=report.failed
            )
        if heard.link is not None:
            return actions.link_address(now=now, channel=channel, word=heard.link.word, address=heard.link.address)
    except StewardError as error:
        return error.message
    return ""


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
