"""The base of every typed error: what went wrong and what to do next, mapped once per door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class StewardError(Exception):
    """An error a person or a program can act on.

    ``message`` says what to do next. ``fields`` names form fields with their messages. ``status`` is the HTTP status
    of RFC 9457 problem documents, ``code`` a stable word for programs.
    """

    status = 400
    code = "bad-request"

    def __init__(self, message: str, *, fields: Mapping[str, Sequence[str]] | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.fields = {name: list(texts) for name, texts in (fields or {}).items()}
        self.extra = extra


class NotFound(StewardError):
    """No such record, or not one this actor may see: the two are not told apart."""

    status = 404
    code = "not-found"


class Forbidden(StewardError):
    """The actor's role lacks the permission."""

    status = 403
    code = "forbidden"


class Conflict(StewardError):
    """The record is in a state that does not allow this, or someone else was first."""

    status = 409
    code = "conflict"


class Invalid(StewardError):
    """A value cannot be used."""

    status = 422
    code = "invalid"


class TooMany(StewardError):
    """A limit was reached; the message says when to come back."""

    status = 429
    code = "too-many-requests"
