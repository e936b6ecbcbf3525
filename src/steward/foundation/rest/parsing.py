"""Bodies of requests to the API: refused, with the place, before any room sees what PostgreSQL cannot store."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.parser import Parser
from ninja.types import DictStrAny

from steward.foundation.errors import Invalid, StewardError

NUL = "\0"


class Unreadable(StewardError):
    """The body is no JSON at all."""

    code = "unreadable-body"


class StrictParser(Parser):
    """JSON in UTF-8 without NUL characters; every refusal says where the trouble is."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        try:
            body = super().parse_body(request)
        except UnicodeDecodeError as error:
            raise Unreadable(_("The body is not valid UTF-8, from byte %(n)s on.") % {"n": error.start}) from error
        except json.JSONDecodeError as error:
            raise _not_json(request.body, error) from error
        except RecursionError as error:
            raise Unreadable(_("The body is nested too deeply.")) from error
        refuse_nul(body)
        return body


def refuse_nul(body: Any) -> None:
    """Raise Invalid that names the field, if a text or a name anywhere in ``body`` holds a NUL character."""
    place = nul_in(body)
    if place is None:
        return
    text = _("A NUL character cannot be stored. Remove it.")
    raise Invalid(
        _("“%(field)s” contains a NUL character, which cannot be stored. Remove it.") % {"field": place},
        fields={place: [text]},
    )


def nul_in(value: Any, place: str = "") -> str | None:
    """Where the first NUL character is, such as ``labels.team`` or ``steps.0.label``; nothing if there is none."""
    if isinstance(value, str):
        return (place or "body") if NUL in value else None
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, held in items:
        inner = f"{place}.{name}" if place else str(name)
        if NUL in inner:
            return inner.replace(NUL, "\\u0000")
        found = nul_in(held, inner)
        if found is not None:
            return found
    return None


def _not_json(body: bytes, error: json.JSONDecodeError) -> StewardError:
    if b"\0" in body:
        # A bare NUL is no JSON either; read leniently, it still has a place to name.
        try:
            refuse_nul(json.loads(body, strict=False))
        except Invalid as named:
            return named
        except ValueError:
            pass
    text = _("The body is not JSON: %(error)s, line %(line)s, column %(column)s.")
    return Unreadable(text % {"error": error.msg, "line": error.lineno, "column": error.colno})
