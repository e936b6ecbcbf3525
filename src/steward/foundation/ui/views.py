"""What every page needs around its own code: sign-in, permission, error pages, toasts and exports."""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render, resolve_url
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from steward.foundation.database.rowsecurity import limited_to
from steward.foundation.errors import StewardError
from steward.foundation.ui.context_processors import actor_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
TOAST_KINDS = ("success", "info", "warning", "error")
CSV_CHUNK = 500
# A spreadsheet runs a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# In a cell with one of these everything is quoted: where the semicolon separates lists, a spreadsheet splits at it too.
SEPARATORS = frozenset(',;\t\r\n"')


def page(permission: str | None = None) -> Callable[[View[P]], View[P]]:
    """Let only signed-in actors (with the permission, if named) open a page; errors are left to the door."""

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            actor = actor_of(request)
            if actor is None:
                return _to_login(request)
            if permission and not actor.can(permission):
                return forbidden(request, permission)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def is_htmx(request: HttpRequest) -> bool:
    """Does htmx ask for a fragment? A boosted link wants a whole page."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def _to_login(request: HttpRequest) -> HttpResponseBase:
    if is_htmx(request):
        # A sign-in page inside a fragment would be nonsense: send the whole window there.
        current = urlsplit(request.headers.get("HX-Current-URL", ""))
        back = f"{current.path or '/'}{'?' + current.query if current.query else ''}"
        response = HttpResponse(status=401)
        response["HX-Redirect"] = redirect_to_login(back, resolve_url(settings.LOGIN_URL))["Location"]
        return response
    back = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
    return redirect_to_login(back, resolve_url(settings.LOGIN_URL))


def forbidden(request: HttpRequest, permission: str) -> HttpResponse:
    """The page that says which permission is missing."""
    if is_htmx(request):
        text = _("You may not do this: your role lacks “%(permission)s”.") % {"permission": permission}
        return htmx_toast(HttpResponse(status=403), text, "error")
    return render(request, "403.html", {"missing": permission}, status=403)


def error_response(request: HttpRequest, error: StewardError) -> HttpResponse:
    """An error of a room as a toast (htmx) or as a page that says what to do next."""
    if is_htmx(request):
        response = htmx_toast(HttpResponse(status=error.status), error.message, "error")
        response["HX-Reswap"] = "none"
        return response
    titles = {403: _("You may not do this"), 404: _("There is nothing here"), 429: _("Too much at once")}
    title = titles.get(error.status, _("That did not work"))
    context = {"title": title, "message": error.message, "error": error, "back": _back(request)}
    return render(request, "error.html", context, status=error.status)


def _back(request: HttpRequest) -> str:
    referrer = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(referrer, allowed_hosts={request.get_host()})
    return referrer if safe and urlsplit(referrer).path != request.path else "/"


def htmx_toast(response: HttpResponse, text: str, kind: str = "success") -> HttpResponse:
    """Have the page show a toast when htmx receives this response; other triggers on it stay."""
    if kind not in TOAST_KINDS:
        raise ValueError(f"A toast is one of {', '.join(TOAST_KINDS)}, not {kind!r}.")
    triggers: dict[str, Any] = {}
    held = response.headers.get("HX-Trigger", "")
    if held.startswith("{"):
        triggers = json.loads(held)
    elif held:
        triggers = {name.strip(): None for name in held.split(",")}
    triggers["toast"] = {"text": text, "kind": kind}
    # Headers are latin-1, JSON escapes the rest.
    response["HX-Trigger"] = json.dumps(triggers)
    return response


def export_csv(
    filename: str, header: Sequence[object], rows: Iterable[Sequence[object]], *, request: HttpRequest | None = None
) -> StreamingHttpResponse:
    """Stream rows as a CSV file that spreadsheets open in UTF-8 and never run as formulas.

    Pass `request` so that an ASGI server also gets the file in pieces and not all at once.
    """
    actor = actor_of(request) if request is not None else None
    chunks = _behind_the_wall(
        _csv_chunks(header, rows), actor.organisation_id if actor is not None and actor.is_external else None
    )
    content = _asynchronous(chunks) if isinstance(request, ASGIRequest) else chunks
    response = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    return response


def csv_cell(value: object) -> object:
    """A cell that a spreadsheet shows and does not run."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return value
    text = value.isoformat() if isinstance(value, date) else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _csv_line(cells: Sequence[object]) -> str:
    shown = (str(csv_cell(cell)) for cell in cells)
    quoted = ('"' + text.replace('"', '""') + '"' if SEPARATORS & set(text) else text for text in shown)
    return ",".join(quoted) + "\r\n"


def _csv_chunks(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _csv_line(header).encode()
    source = iter(rows)
    while part := list(islice(source, CSV_CHUNK)):
        yield "".join(_csv_line(row) for row in part).encode()


def _behind_the_wall(chunks: Iterator[bytes], organisation_id: int | None) -> Iterator[bytes]:
    """The pieces are read when the request is over, so the wall of external people is put up for each again."""
    while True:
        with limited_to(organisation_id):
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk


async def _asynchronous(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    # The database may only be read outside the event loop.
    step: Callable[[], bytes | None] = functools.partial(next, chunks, None)
    while (chunk := await sync_to_async(step)()) is not None:
        yield chunk
